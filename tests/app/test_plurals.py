"""Numbers and what they count agree."""

import pytest

from app.plurals import counted, differing


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 rows are"), (1, "1 row is"), (2, "2 rows are"), (2000, "2,000 rows are")]
)
def test_the_noun_and_the_verb_agree_with_the_number(count: int, said: str) -> None:
    assert counted(count, "row", verb=("is", "are")) == said
    assert counted(count, "row") == said.rsplit(" ", 1)[0]


def test_one_of_many_differs() -> None:
    assert (differing(1, 2), differing(2, 2), differing(1, 1)) == (
        "1 of 2 rows differs",
        "2 of 2 rows differ",
        "1 of 1 row differs",
    )
