"""What takes long is begun first, and is there."""

from pathlib import Path

import pytest

from tests.kit.order import LONG, longest_first

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", LONG)
def test_a_long_file_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_what_starts_nothing_comes_last(request: pytest.FixtureRequest) -> None:
    class Sorted(pytest.Item):
        def runtest(self) -> None: ...

    def item(file: str, *markers: str) -> pytest.Item:
        made = Sorted.from_parent(request.session, name="test", nodeid=f"{file}::test")
        for marker in markers:
            made.add_marker(marker)
        return made

    quick, long, served = item("a.py"), item(LONG[1]), item("b.py", "servers")
    longest = item(LONG[0])
    assert longest_first([quick, served, long, longest]) == [longest, long, served, quick]
