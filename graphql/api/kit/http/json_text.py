"""JSON as clients send it: read strictly, so that nobody in front of us reads something else in it."""

import json

import orjson


class NotJson(ValueError):
    """A text that is no JSON, or says one member of an object twice; the message says which."""


def decoded(text: str | bytes) -> object:
    """The value of a JSON text. Raises NotJson."""
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


def _once(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"the member {json.dumps(twice[:50])} is given more than once")
