"""JSON as clients send it: read strictly, so that nobody in front of us reads something else in it."""

import codecs
import contextlib
import json
import re
from collections import Counter

import orjson

from domain.kit.text import first_repeated

_DECODER = json.JSONDecoder()


class NotJson(ValueError):
    """A text that is no JSON, or says one member of an object twice; the message says which."""


def decoded(text: str | bytes) -> object:
    """The value of a JSON text; a byte order mark before it is no part of it. Raises NotJson."""
    text = text.removeprefix("\ufeff") if isinstance(text, str) else text.removeprefix(codecs.BOM_UTF8)
    try:
        value: object = orjson.loads(text)
        # A reader that takes the first of two equal names and one that takes the last would see two requests.
        json.loads(text, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=str)
    except NotJson:
        raise
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except ValueError as error:
        raise NotJson(str(error)) from error
    return value


def first_members(text: str) -> dict[str, object]:
    """What a JSON object says before the first fault in it, so that whoever sent it can be told of that.

    Read as leniently as it goes: half a surrogate pair and a member that is given twice are no faults inside a
    value. A name that comes twice says nothing.
    """
    members, times, at = dict[str, object](), Counter[str](), _after(text, 0, "{")
    with contextlib.suppress(ValueError, RecursionError):
        while at is not None:
            name, end = _DECODER.raw_decode(text, at)
            if not isinstance(name, str) or (start := _after(text, end, ":")) is None:
                break
            members[name], end = _DECODER.raw_decode(text, start)
            times[name] += 1
            at = _after(text, end, ",")
    return {name: value for name, value in members.items() if times[name] == 1}


def _after(text: str, at: int, mark: str) -> int | None:
    """Where the next token begins behind this mark; None where something else stands."""
    found = re.compile(rf"\s*{re.escape(mark)}\s*").match(text, at)
    return None if found is None else found.end()


def _once(pairs: list[tuple[str, object]]) -> None:
    twice = first_repeated(name for name, _ in pairs)
    if twice is not None:
        raise NotJson(f"the member {json.dumps(twice[:50])} is given more than once")
