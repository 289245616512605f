"""`make context` lays out what a context begins with, and takes no name that cannot be one."""

import shutil
from pathlib import Path

import pytest

from tests.docs.new_context import lay_out, main
from tests.docs.pages import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The list of contexts, and the folders that they are in."""
    for floor in ("domain", "projections", "graphql/api", "tests"):
        (tmp_path / floor / "work").mkdir(parents=True)
    shutil.copy(ROOT / "domain" / "contexts.py", tmp_path / "domain")
    return tmp_path


def test_writes_four_manifests_and_one_line(copy: Path) -> None:
    before = (copy / "domain" / "contexts.py").read_text().splitlines()
    written = [path.relative_to(copy).as_posix() for path in lay_out("errands", copy)]
    assert written == [
        "domain/contexts.py",
        "domain/errands/__init__.py",
        "projections/errands/__init__.py",
        "graphql/api/errands/__init__.py",
        "tests/errands/__init__.py",
    ]
    after = (copy / "domain" / "contexts.py").read_text().splitlines()
    assert [line for line in after if line not in before] == ['    "errands",']
    assert len(after) == len(before) + 1


@pytest.mark.parametrize(
    "name",
    ["Suppliers", "my suppliers", "", "class", "suppliers.", "../suppliers", "work", "contexts", "identity"],
)
def test_takes_no_name_that_is_none_or_is_taken(copy: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"no name of a package|already"):
        lay_out(name, copy)
    assert (copy / "domain" / "contexts.py").read_text() == (ROOT / "domain" / "contexts.py").read_text()


def test_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 2
    assert "make context NAME=suppliers" in capsys.readouterr().err
    assert main("work") == 1
    assert "There is domain/work" in capsys.readouterr().err
