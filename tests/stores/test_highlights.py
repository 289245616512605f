"""Parts of texts in which words were found."""

import pytest

from projections.kit.read.highlights import highlighted
from projections.kit.store.text_analysis import sought


def marked(text: str, query: str, *, whole: bool = True) -> list[str]:
    return highlighted(text, sought(query).words, whole=whole)


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("Paint <b>doors</b>", "door", "Paint &lt;b&gt;<mark>doors</mark>&lt;/b&gt;"),
        ("A Cafe\u0301 & more", "cafe", "A <mark>Café</mark> &amp; more"),
        ("Send E-mail", "email", "Send <mark>E-mail</mark>"),
        ("Send E-mail", "mail", "Send E-<mark>mail</mark>"),
        ("ABC-123", "123", "ABC-<mark>123</mark>"),
        ("次の会議です", "会議", "次の<mark>会議</mark>です"),
        ("<mark>x</mark> y", "y", "&lt;mark&gt;x&lt;/mark&gt; <mark>y</mark>"),
    ],
)
def test_marks_what_was_found_and_escapes_the_rest(text: str, query: str, shown: str) -> None:
    assert marked(text, query) == [shown]


def test_nothing_is_shown_where_nothing_was_found() -> None:
    assert marked("Water the plants", "rose") == []


def test_of_a_long_text_the_first_parts_are_shown() -> None:
    text = " ".join(f"filler{n} " * 40 + "rose" for n in range(9))
    parts = marked(text, "rose", whole=False)
    assert len(parts) == 3
    assert all(part.count("<mark>rose</mark>") == 1 and len(part) < 200 for part in parts)
