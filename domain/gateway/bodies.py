"""Bodies of events as JSON: what one of them says wrongly is a fault of that one, and not of its neighbours."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import orjson

from domain.gateway.outcomes import DEEPEST, LARGEST_EVENT, MOST_EVENTS, EventViolation, ReceivedEvent
from domain.kit.imports.json_objects import TEXTS, Repeated, end_of, name_of, object_of
from domain.kit.refusals import Path, ViolationCode

_WHOLE = range(-(2**63), 2**64)
"""The whole numbers that are kept: those of 64 bits, with a sign or without."""
_UTF_8 = "utf-8-sig"
"""A byte order mark is no part of a text."""
_DIGITS = 20
"""A whole number with more digits fits in no 64 bits."""
MOST_VALUES = 1_000_000
"""What a text of JSON may hold: each value takes up to a hundred bytes of memory, whatever becomes of it."""
_MARKS = "{[,:"
"""Before each value but the first of all stands one of these, and each takes a byte of what is kept."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = " \t\n\r"
TOO_LARGE = EventViolation(
    "size", ViolationCode.TOO_LARGE, (), f"The event has more than {LARGEST_EVENT} bytes."
)
"""Of an event that is not read as it is too long."""

# JSON of any shape, hence Any.
Json = Any


class NotEvents(ValueError):
    """A body that is no JSON, or neither an event nor a list of events."""


class TooManyInBody(ValueError):
    """A body with more events than are taken at once."""


class TooManyValues(ValueError):
    """A text of JSON that holds more than is read."""

    def __init__(self) -> None:
        super().__init__(f"it holds more than {MOST_VALUES:,} values")


class _HugeNumber(float):
    """A whole number that is larger than can be kept."""


class _Deep(dict[str, Any]):
    """What is nested deeper than this interpreter can read."""


def value_at(value: Json, path: str | None) -> Json:
    """What stands at a path, as `data.items`, of no path the value itself; None where nothing does."""
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def read_body(body: bytes) -> tuple[list[ReceivedEvent], bool]:
    """The events of a body, and whether it is a list of them. Raises NotEvents, and the other two for too much."""
    try:
        text = body.decode(_UTF_8)
    except UnicodeDecodeError:
        raise NotEvents("it is not UTF-8") from None
    if text.lstrip(_BLANKS).startswith("["):
        return [read_value(value, part) for value, part in elements_of(text)], True
    if _marks(text) > LARGEST_EVENT:
        return [ReceivedEvent(None, text, TOO_LARGE)], False
    value = read_json(text)
    if not isinstance(value, dict):
        raise NotEvents("send a JSON object, or a list of them")
    return [read_value(value, text)], False


def elements_of(text: str) -> Iterator[tuple[Json, str]]:
    """The elements of a list, each with its text. Raises NotEvents, TooManyValues, and TooManyInBody for more than
    are taken at once: what comes after these is not read."""
    require_few(text)
    for count, element in enumerate(_elements(text)):
        if count == MOST_EVENTS:
            raise TooManyInBody
        yield element


def read_line(line: bytes) -> ReceivedEvent:
    """The event of a line of NDJSON; a line that is no JSON is an event that cannot be read."""
    if len(line) > LARGEST_EVENT:
        return ReceivedEvent(None, _text(line[:LARGEST_EVENT]), TOO_LARGE)
    try:
        return read_value(read_json(line.decode(_UTF_8)), _text(line))
    except (NotEvents, UnicodeDecodeError) as error:
        said = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        message = f"The line is not JSON: {said}."
        return ReceivedEvent(None, _text(line), EventViolation("json", ViolationCode.FORMAT, (), message))


def read_value(value: Json, text: str | None = None) -> ReceivedEvent:
    """The event that a value says; its fault, where it holds what cannot be kept, or too much of it."""
    try:
        # What is repeated is no plain object, so it is not taken here.
        encoded = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):
        encoded = b""
    plain = encoded and b"\\u0000" not in encoded and encoded.count(b"{") + encoded.count(b"[") <= DEEPEST
    if len(encoded) > LARGEST_EVENT:
        return ReceivedEvent(value, text, TOO_LARGE)
    # Numbers that are not finite are written as null.
    if not plain or b"null" in encoded:
        found = next(_unstorable(value, (), DEEPEST), None)
        if found is not None:
            return ReceivedEvent(value, text, found)
        if not encoded:
            fault = EventViolation("json", ViolationCode.FORMAT, (), "The event cannot be written as JSON.")
            return ReceivedEvent(value, text, fault)
    return ReceivedEvent(value, text, encoded=encoded)


def raw_of(event: ReceivedEvent) -> str:
    """An event as text: as it was sent, if that is at hand and is not longer than need be."""
    whole = event.unreadable is None
    if event.text is not None and not (whole and len(event.text.encode()) > LARGEST_EVENT):
        return event.text
    text = json.dumps(event.value, default=str, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATES.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def kept_of(text: str) -> tuple[str, bool]:
    """What of a text is kept, and whether that is not all that was sent: it is too long, or holds what is no
    text."""
    start = text.encode(errors="surrogateescape")[:LARGEST_EVENT]
    kept = start.decode(errors="replace").replace("\0", "\ufffd")
    return kept, kept != text


def read_json(text: str) -> Json:
    """What JSON says. Raises NotEvents and TooManyValues."""
    require_few(text)
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise NotEvents("it is nested too deeply") from None
    except ValueError as error:
        raise NotEvents(str(error)) from error


def require_few(text: str, most: int = MOST_VALUES) -> None:
    """Raise TooManyValues for a text that holds more values than these; they are counted, and not read."""
    if _marks(text) > most and _marks(TEXTS.sub("", text)) > most:
        raise TooManyValues


def _marks(text: str) -> int:
    return sum(map(text.count, _MARKS))


def _elements(text: str) -> Iterator[tuple[Json, str]]:
    """The elements of a list, each with its text. Raises NotEvents."""
    at = _after_blanks(text, _after_blanks(text, 0) + 1)
    while text[at : at + 1] != "]":
        try:
            value, end = _decoder.raw_decode(text, at)
        except RecursionError:
            value, end = _Deep(), end_of(text, at)
            if not end:
                raise NotEvents("it does not end") from None
        except ValueError as error:
            raise NotEvents(str(error)) from error
        yield value, text[at:end]
        at = _after_blanks(text, end)
        if text[at : at + 1] == ",":
            at = _after_blanks(text, at + 1)
            if text[at : at + 1] != "]":
                continue
        elif text[at : at + 1] == "]":
            continue
        raise NotEvents(f"there is no other event, and no end of the list, at character {at}")
    if _after_blanks(text, at + 1) != len(text):
        raise NotEvents(f"there is more after the end of the list, at character {at + 1}")


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _text(body: bytes) -> str:
    # What is no UTF-8 stays, so that what is kept is known to differ from it.
    return body.decode(errors="surrogateescape")


def _whole(digits: str) -> int | float:
    number = int(digits) if len(digits.lstrip("-")) <= _DIGITS else None
    return number if number is not None and number in _WHOLE else _HugeNumber("inf")


def _constant(name: str) -> float:
    return float(name)


_decoder = json.JSONDecoder(object_pairs_hook=object_of, parse_int=_whole, parse_constant=_constant)


def _unstorable(value: Json, path: Path, deeper: int) -> Iterator[EventViolation]:
    """The faults of a value, in its order."""
    if isinstance(value, str):
        if not is_text(value):
            yield _fault(path, "holds characters that are not text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield _fault(path, "is a number that cannot be kept", ViolationCode.OUT_OF_RANGE)
    elif isinstance(value, int):
        if value not in _WHOLE:
            yield _fault(path, "is a number that cannot be kept", ViolationCode.OUT_OF_RANGE)
    elif isinstance(value, dict | list):
        if not deeper or isinstance(value, _Deep):
            yield _fault(path, f"is nested deeper than {DEEPEST}", ViolationCode.TOO_DEEP)
            return
        if isinstance(value, Repeated):
            yield _fault((*path, name_of(value.name)), "is said more than once")
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in entries:
            if isinstance(name, str) and not is_text(name):
                yield _fault((*path, name_of(name)), "has a name that is not text")
                return
            yield from _unstorable(
                inner, (*path, name_of(name) if isinstance(name, str) else name), deeper - 1
            )


def is_text(text: str) -> bool:
    """Whether a text can be kept: it has no half of a surrogate pair, and no NUL."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _fault(path: Path, reason: str, code: ViolationCode = ViolationCode.FORMAT) -> EventViolation:
    where = ".".join(map(str, path)) or "The event"
    return EventViolation("json", code, path, f"{where[:200]} {reason}.")
