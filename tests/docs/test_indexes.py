"""The page of indexes says what the views declare."""

from tests.docs.indexes import PAGE, page


def test_the_page_of_indexes_is_current() -> None:
    assert PAGE.read_text() == page(), "Run `make generate`."
