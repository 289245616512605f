"""Arguments for any place of the schema: mostly such as it takes, often such as break something elsewhere.

What is only known while the product runs stands as a placeholder, such as ``%theirs:3%``, so that the same chance
makes the same operation in every run.
"""

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)

from tests.attacks.test_injection import TEXTS

PLACEHOLDER = re.compile(r"%(theirs|ours|cursors|keys):(\d+)%")
"""An id of another tenant, one of their own, a cursor of another tenant's, a text that names what is another's."""
NOBODYS = "00000000-0000-4000-8000-000000000000"
_DEEPEST = 3
_CHARACTERS = "a Z0é\u0301\u200d\u202e\ud800\udfff\0\x7f\u2028\U0001f469\ufeff\ufffe٣İß'\"\\%_*<>{}\r\n\t"
_TEXTS = list(TEXTS.values())
_WORDS = [
    "Lawn",
    "a",
    "work.tasks",
    "work:read",
    "EUR",
    "en",
    "Europe/Berlin",
    "member",
    "TASK",
    "a@example.com",
]
_NUMBERS = [0, -1, 2**31, -(2**31) - 1, 2**53, 2**63, -(2**63), 2**64, 10**400, 1e308, 5e-324, -0.0, 0.5]
_ODD: dict[str, list[str]] = {
    "ID": ["", "0" * 32, f"{{{NOBODYS}}}", f"urn:uuid:{NOBODYS}", NOBODYS.upper(), "VGFzazox", "1"],
    "Position": [
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "1e3",
        "٣",
        " 1",
    ],
    "Decimal": ["NaN", "-Infinity", "1e999999999", "-0", "1" * 400, "0." + "1" * 400, "1_000", "٣"],
    "Date": ["0000-01-01", "10000-01-01", "2030-02-30", "2030-1-1", "20300101", "٢٠٣٠-٠١-٣١"],
    "DateTime": ["2030-01-31T24:00:00Z", "2030-01-31T23:59:60Z", "2030-01-31", "2030-01-31T12:00:00+99:99"],
}
_GOOD: dict[str, Callable[[Random], Any]] = {
    "ID": lambda chance: chance.choice([_known(chance, "ours"), _known(chance, "ours", "theirs"), _new(chance)]),
    "String": lambda chance: chance.choice([*_WORDS, _known(chance, "keys", "ours", "cursors"), _address(chance)]),
    "Int": lambda chance: chance.randrange(60),
    "Float": lambda chance: chance.uniform(0, 100),
    "Boolean": lambda chance: chance.random() < 0.5,
    "Position": lambda chance: chance.choice(["0", "1", "40"]),
    "Decimal": lambda chance: chance.choice(["12.50", "0", "1"]),
    "JSON": lambda chance: chance.choice([{"note": "a"}, [], _nested(1, chance.randrange(60))]),
    "Date": lambda chance: chance.choice(["2030-01-31", "0001-01-01", "9999-12-31"]),
    "DateTime": lambda chance: chance.choice(
        ["2030-01-31T12:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00"]
    ),
}  # fmt: skip


def _known(chance: Random, *kinds: str) -> str:
    return f"%{chance.choice(kinds)}:{chance.randrange(100)}%"


def _new(chance: Random) -> str:
    return chance.choice([NOBODYS, str(UUID(int=chance.getrandbits(128), version=4))])


def _address(chance: Random) -> str:
    return f"{chance.getrandbits(40)}@example.com"


def _text(chance: Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(_TEXTS)
    return "".join(chance.choices(_CHARACTERS, k=chance.randrange(40)))


def _anything(chance: Random) -> Any:
    return chance.choice(
        [
            None,
            True,
            chance.choice(_NUMBERS),
            _text(chance),
            [],
            {},
            _nested(1, chance.randrange(60)),
            {"a": 1},
        ]
    )


def argument(chance: Random, kind: Any, name: str = "", deep: int = 0) -> Any:
    """A value for an argument or an input's field of this type: seldom of another type altogether."""
    luck = chance.randrange(50)
    if luck == 0:
        return _anything(chance)
    if isinstance(kind, GraphQLNonNull):
        return argument(chance, kind.of_type, name, deep)
    if luck == 1:
        return None
    if isinstance(kind, GraphQLList):
        return _list(chance, kind.of_type, name, deep)
    if isinstance(kind, GraphQLInputObjectType):
        return _input(chance, kind, deep)
    if isinstance(kind, GraphQLEnumType):
        return "NO_SUCH" if luck == 2 else chance.choice(sorted(kind.values))
    if luck < 8:
        return chance.choice(_ODD.get(kind.name, _NUMBERS)) if chance.random() < 0.5 else _text(chance)
    if kind.name == "String" and name in ("after", "before"):
        return _known(chance, "cursors")
    return _GOOD[kind.name](chance)


def _list(chance: Random, kind: Any, name: str, deep: int) -> Any:
    match chance.randrange(20):
        case 0:
            return [argument(chance, kind, name, deep)] * chance.choice([101, 1_001])
        case 1:
            return argument(chance, kind, name, deep)
        case 2:
            return _nested(argument(chance, kind, name, deep), chance.randrange(2, 60))
        case _:
            return [argument(chance, kind, name, deep) for _ in range(chance.randrange(4))]


def _input(chance: Random, kind: GraphQLInputObjectType, deep: int) -> dict[str, Any]:
    given = {}
    for name, field in kind.fields.items():
        likely = 0.98 if is_required_input_field(field) else 0.3 if deep < _DEEPEST else 0
        if chance.random() < likely:
            given[name] = argument(chance, field.type, name, deep + 1)
    if chance.random() < 0.03:
        given[chance.choice(["nothing", "__proto__", "tenantId", ""])] = _anything(chance)
    return given


def _nested(value: object, deep: int) -> object:
    for _ in range(deep):
        value = [value]
    return value


def literal(value: Any, kind: Any) -> str:
    """The value as it stands in a document; names of enums without quotes, where the type says so."""
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(value, dict):
        fields = kind.fields if isinstance(kind, GraphQLInputObjectType) else {}
        inner = (
            f"{name}: {literal(below, fields[name].type if name in fields else None)}"
            for name, below in value.items()
        )
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list):
        return f"[{', '.join(literal(item, getattr(kind, 'of_type', None)) for item in value)}]"
    if isinstance(value, str) and isinstance(kind, GraphQLEnumType):
        return value or "NOTHING"
    return json.dumps(value)
