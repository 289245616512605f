"""Where the words of a query stand in a text, as HTML: the same whichever store found it."""

import html
import unicodedata
from collections.abc import Iterator, Set

from projections.kit.store.text_analysis import forms_of, terms

_READ = 5_000
"""Characters of a text that are looked through."""
_FRAGMENTS = 3
_BEFORE, _LONG = 60, 150
"""Characters that a fragment begins before what was found, and holds in all."""


def highlighted(text: str, words: Set[str], *, whole: bool) -> list[str]:
    """The text with the words marked: its best parts, or as a whole; nothing when none stands in it.

    All that the text holds itself is escaped, so that the marks are the only markup.
    """
    plain = unicodedata.normalize("NFC", text)[:_READ] if not whole else unicodedata.normalize("NFC", text)
    spans = list(_joined(_found(plain, words)))
    if not spans:
        return []
    if whole:
        return [_marked(plain, 0, len(plain), spans)]
    fragments: list[str] = []
    end = -1
    for start, _ in spans:
        if start < end:
            continue
        if len(fragments) == _FRAGMENTS:
            break
        begin = max(start - _BEFORE, end, 0)
        begin = begin if begin == 0 else plain.rfind(" ", 0, start - _BEFORE // 2) + 1 or begin
        begin = max(min(begin, start), end, 0)
        end = _end(plain, begin + _LONG, next(stop for at, stop in spans if at == start))
        fragments.append(_marked(plain, begin, end, spans))
    return fragments


def _end(text: str, at: int, least: int) -> int:
    """A blank at or before a place, so that no word is cut, but not before ``least``."""
    if at >= len(text):
        return len(text)
    return max(text.rfind(" ", least, at), least) if " " in text[least:at] else max(at, least)


def _found(text: str, words: Set[str]) -> Iterator[tuple[int, int]]:
    for term in terms(text):
        if not words.isdisjoint(forms_of(term.word)):
            yield term.start, term.end


def _joined(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    last: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if last is not None and start < last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last is not None:
            yield last
        last = (start, end)
    if last is not None:
        yield last


def _marked(text: str, begin: int, end: int, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = begin
    for start, stop in spans:
        if start >= begin and stop <= end:
            parts += [html.escape(text[at:start]), "<mark>", html.escape(text[start:stop]), "</mark>"]
            at = stop
    return "".join([*parts, html.escape(text[at:end])])
