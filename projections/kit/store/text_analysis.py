"""What words a text is found by: the same for every store, since documents and queries are taken apart here.

A compound is what stands together, as ``E-mail``, ``ABC-123`` or ``super_tag``: it is found by each of its
parts and by all of them written as one. Accents, case and ``ß`` make no difference. Scripts without blanks are
found by any characters that follow one another. There are no stop words. A document is also found by the stems
of its words, those of every language that search knows, so that a query may
choose its language and nothing is reindexed.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import Stemmer

from domain.kit.languages import DEFAULT, LANGUAGES

_LONGEST = 64
"""Characters of a word; the rest makes no difference."""
MOST_SOUGHT = 300
"""Words of a query: each is looked for in each text, and OpenSearch takes 1,024 clauses."""
_LONGEST_WRITTEN = 4 * _LONGEST
"""Characters of a word as it is written, with its accents and joiners, that are looked at."""
_MOST = 30_000
"""Different words of a document: more do not fit into a Postgres text search vector of a megabyte."""
_SHORTEST_STEM = 3
"""Shorter stems tell nothing: ``it`` must not find another language's ``ites``."""

_JOINING = "-_'&\u00b7\u2010\u2011\u2012\u2013\u2019\u02bc"
"""What may stand inside a compound, besides a dot that is not a number's: hyphens, apostrophes."""
_BETWEEN = re.escape(_JOINING + ".")
_IGNORED = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Soft hyphens and joiners, which nobody sees."""
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)
"""Scripts that are written without blanks, or, as Korean, with endings that no blank sets off."""
_PICTURES = "\u2600-\u27bf\U0001f000-\U0001faff"
# Points of Hebrew and Arabic are left out as accents are; the vowels of other scripts are letters.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\ufe00-\ufe0f]"
)
_ALIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that have no accent to be taken away, and that people without them type so."""


class TooManyWords(ValueError):
    """The text has too many words to look for."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word in a text, and where it stands: from ``start`` to before ``end``."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sought:
    """What a query looks for: each of ``needs`` in one of its forms, of which all words must be found."""

    needs: tuple[tuple[tuple[str, ...], ...], ...]

    @property
    def words(self) -> frozenset[str]:
        """All words of all forms."""
        return frozenset(word for need in self.needs for form in need for word in form)


def folded(text: str) -> str:
    """The text as it is compared: without case, accents, and differences that are only of encoding."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", text.translate(_IGNORED)).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain))
    return unicodedata.normalize("NFKC", bare).translate(_ALIKE)


def sought(text: str, language: str = DEFAULT) -> Sought:
    """What somebody looks for who typed this. Nothing in it is syntax. Raises TooManyWords."""
    needs: list[tuple[tuple[str, ...], ...]] = []
    text = unicodedata.normalize("NFC", text)
    for start, end in _compounds(text):
        compound = text[start:end]
        parts = tuple(dict.fromkeys(_stem(word, language) for word in _parts_sought(compound)))
        whole = _whole(compound)
        forms = [parts] if parts else []
        if whole is not None:
            forms.insert(0, (_stem(whole, language),))
        if forms:
            needs.append(tuple(dict.fromkeys(forms)))
    found = Sought(tuple(dict.fromkeys(needs)))
    if sum(len(form) for need in found.needs for form in need) > MOST_SOUGHT:
        raise TooManyWords
    return found


def found_by(text: str) -> tuple[str, ...]:
    """Every word that finds a text, each once."""
    found: dict[str, None] = {}
    for term in terms(text):
        for word in forms_of(term.word):
            found[word] = None
        if len(found) > _MOST:
            break
    return tuple(found)[:_MOST]


def terms(text: str) -> Iterator[Term]:
    """The words of a normalised text (NFC) in order, those that lie within others after them."""
    for start, end in _compounds(text):
        compound = text[start:end]
        if compound.isascii() and compound.isalpha():
            yield Term(compound.lower()[:_LONGEST], start, end)
            continue
        if (whole := _whole(compound)) is not None:
            yield Term(whole, start, end)
            for piece in _PIECE.finditer(compound):
                if piece.span() != (0, len(compound)) and (word := _whole(piece[0])) is not None:
                    yield Term(word, start + piece.start(), start + piece.end())
        for part in _PART.finditer(compound):
            at = start + part.start()
            if part.lastgroup != "unspaced":
                if word := _word(part[0]):
                    yield Term(word, at, start + part.end())
                continue
            for n in range(len(part[0])):
                for width in (1, 2):
                    if n + width <= len(part[0]) and (word := _word(part[0][n : n + width])):
                        yield Term(word, at + n, at + n + width)


@lru_cache(maxsize=20_000)
def forms_of(word: str) -> tuple[str, ...]:
    """A word and its stems, one for each way in which a language shortens it."""
    if not word.isalpha() or len(word) <= _SHORTEST_STEM:
        return (word,)
    stems = (_stem(word, language) for language in LANGUAGES)
    return tuple(dict.fromkeys((word, *stems)))


def _stem(word: str, language: str) -> str:
    if language not in LANGUAGES or not word.isalpha() or len(word) <= _SHORTEST_STEM:
        return word
    # Of words without accents: whoever types none is to get the same stem.
    stem = str(_stemmer(language).stemWord(word))
    return stem if len(stem) >= _SHORTEST_STEM else word


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)


def _compounds(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _compound().finditer(text))


def _whole(compound: str) -> str | None:
    """All parts of a compound written as one, when it has several and they are written with blanks elsewhere."""
    parts = list(_PART.finditer(compound))
    if len(parts) < 2 or any(part.lastgroup == "unspaced" for part in parts):
        return None
    return _word("".join(part[0] for part in parts)) or None


def _parts_sought(compound: str) -> Iterator[str]:
    for part in _PART.finditer(compound):
        text = part[0]
        pairs = part.lastgroup == "unspaced" and len(text) > 1
        pieces = (text[n : n + 2] for n in range(len(text) - 1)) if pairs else (text,)
        yield from filter(None, map(_word, pieces))


def _word(text: str) -> str:
    # Cut before it is a key of the cache: a word may be as long as a text.
    return _plain(text[:_LONGEST_WRITTEN])


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    return "".join(
        character
        for character in folded(text)
        if character.isalnum() or unicodedata.category(character)[0] in "MS"
    )[:_LONGEST]


@cache
def _marks() -> str:
    """All combining marks, as ranges of a character class: they belong to the letter before them."""
    marks = [n for n in range(0x300, 0xFFFF) if unicodedata.category(chr(n))[0] == "M"]
    ranges: list[list[int]] = []
    for n in marks:
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        else:
            ranges.append([n, n])
    hidden = "".join(map(chr, _IGNORED))
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + hidden


@cache
def _compound() -> re.Pattern[str]:
    inside = rf"(?:[^\W_]|[{_marks()}])+"
    joined = rf"(?:[{re.escape(_JOINING)}]+|(?<!\d)\.|\.(?!\d))"
    return re.compile(rf"{inside}(?:{joined}{inside})*|[{_PICTURES}]")


_PIECE = re.compile(rf"[^{_BETWEEN}]+")
_PART = re.compile(rf"(?P<digits>\d+)|(?P<unspaced>[{_UNSPACED}]+)|(?P<letters>[^\d{_BETWEEN}{_UNSPACED}]+)")
