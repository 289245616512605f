"""docs/contexts.md names the lists that must know a context, and they are where it says."""

import re

import pytest

from app.contexts import CONTEXTS
from tests.docs.pages import ROOT, page

PAGE = "docs/contexts.md"
LISTS = re.findall(r"^\| (`[^|]+`) in `([\w/.]+)`", page(PAGE), re.MULTILINE)


@pytest.mark.parametrize(("names", "path"), LISTS, ids=[path for _, path in LISTS])
def test_a_list_is_where_it_says(names: str, path: str) -> None:
    text = (ROOT / path).read_text()
    assert [name for name in re.findall(r"`([\w.]+)`", names) if name not in text] == []


def test_the_paths_it_names_exist() -> None:
    named = re.findall(r"`((?:app|domain|graphql|projections)/[\w/.]+)`", page(PAGE))
    assert [path for path in named if not (ROOT / path).exists() and "contacts" not in path] == []


def test_no_context_with_views_is_left_out_of_the_list() -> None:
    """A context whose views no worker knows would be empty for ever."""
    folders = {one.parent.name for one in (ROOT / "projections").glob("*/__init__.py")} - {"kit"}
    assert {one.name for one in CONTEXTS} == folders
