"""What will go says so in the schema, and each request that still uses it is counted once."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import pytest
import strawberry
from prometheus_client.exposition import generate_latest

from api.kit.execution import deprecations
from api.kit.execution.access import COVERED
from api.kit.execution.deprecations import OTHERS, USES, Deprecations
from api.kit.execution.engine import Context, Engine
from api.kit.execution.limits import Limits
from api.kit.execution.request import GraphQLRequest
from api.kit.schema.fields import argument, deprecated, field, live
from api.kit.schema.node_types import enum, shows, takes
from app.telemetry.metrics import REGISTRY
from domain.kit.events import Event
from domain.kit.fields import Deprecated, Describe, Internal
from domain.kit.model import Aggregate, Command


class Shade(StrEnum):
    """A shade."""

    LIGHT = "light"
    PALE = "pale"


enum(Shade, {"PALE": "Use `LIGHT`."})
Tint = Annotated[str, Internal(), Describe("Its tint."), Deprecated("Use `shade`.")]


@dataclass(frozen=True)
class WallRow:
    """A wall."""

    shade: Annotated[Shade, Describe("Its shade.")]
    tint: Tint = ""


class Wall(Aggregate, topic="deprecations.wall"):
    class Painted(Event):
        shade: Annotated[Shade, Internal(), Describe("Its shade.")]


class PaintWall(Command):
    """Paint a wall."""

    shade: Annotated[Shade, Internal(), Describe("Its shade.")] = Shade.LIGHT
    tint: Tint = ""

    def handle(self) -> Wall:
        return Wall.begin(self.id, Wall.Painted(shade=self.shade))


@shows(WallRow, needs=COVERED, name="Wall")
class ShownWall:
    """A wall."""


_Paint = takes(PaintWall)


@strawberry.input
class Paints:
    paints: list[_Paint]  # type: ignore[valid-type]


@strawberry.type
class Query:
    @field("A wall.", ShownWall, needs="")
    def wall(
        self,
        shade: Annotated[Shade, argument("Its shade.")] = Shade.LIGHT,
        colour: Annotated[str | None, argument("Its colour.", deprecated="Use `shade`.")] = None,
        paints: Annotated[Paints | None, argument("Its paint.")] = None,
    ) -> Any:
        return WallRow(shade=shade)

    @deprecated("Use `wall`.")
    @field("A wall.", ShownWall, needs="")
    def fence(self) -> Any:
        return WallRow(shade=Shade.LIGHT)


@strawberry.type
class Subscription:
    @live("Walls.", ShownWall, needs="")
    async def walls(self) -> AsyncIterator[Any]:
        for _ in range(3):
            yield WallRow(shade=Shade.LIGHT)


SCHEMA = strawberry.Schema(Query, subscription=Subscription)
ALL = {
    "PaintWallInput.tint",
    "Query.fence",
    "Query.wall(colour:)",
    "Shade.PALE",
    "Wall.tint",
}


@pytest.fixture(autouse=True)
def counts() -> Iterator[None]:
    """No counts of other tests, nor ours for them."""
    USES.clear()
    yield
    USES.clear()


async def uses(text: str, **variables: object) -> set[str]:
    """What a request was counted for."""
    engine: Engine[str] = Engine(SCHEMA, Context, Limits())
    before = USES.copy()
    request = GraphQLRequest(text, variables=variables)
    operation = engine.operation(request, "Ada")
    answers = [answer async for answer, _ in engine.answers(operation, request, "Ada")]
    assert b'"errors"' not in answers[0], answers
    counted = USES - before
    assert set(counted.values()) <= {1}
    return {*counted}


def test_the_schema_says_it() -> None:
    text = SCHEMA.as_str()
    assert 'PALE @deprecated(reason: "Use `LIGHT`.")' in text
    assert 'tint: String @deprecated(reason: "Use `shade`.")' in text
    assert 'tint: String! @deprecated(reason: "Use `shade`.")' in text
    assert 'colour: String = null @deprecated(reason: "Use `shade`.")' in text
    assert 'fence: Wall! @deprecated(reason: "Use `wall`.")' in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{ wall { shade } }", set()),
        ("{ wall { tint } other: wall { tint } }", {"Wall.tint"}),
        ("{ wall { ...f } } fragment f on Wall { ...g } fragment g on Wall { tint }", {"Wall.tint"}),
        ('{ wall(colour: "red") { shade } }', {"Query.wall(colour:)"}),
        ("{ ...f } fragment f on Query { wall(shade: PALE) { shade } }", {"Shade.PALE"}),
        ("query ($shade: Shade! = PALE) { wall(shade: $shade) { shade } }", {"Shade.PALE"}),
        (
            '{ wall(paints: {paints: [{tint: "x"}, {shade: PALE}]}) { shade } }',
            {"PaintWallInput.tint", "Shade.PALE"},
        ),
        ("{ fence { shade } }", {"Query.fence"}),
        ("{ wall { shade @include(if: true) } }", set()),
        ("subscription { walls { tint } }", {"Wall.tint"}),
    ],
)
async def test_a_request_is_counted_once_for_each_part_that_it_uses(text: str, found: set[str]) -> None:
    assert await uses(text) == found


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, set()),
        ({"paints": None}, set()),
        ({"paints": {"paints": [{"shade": "LIGHT"}]}}, set()),
        (
            {"paints": {"paints": [{"tint": "x"}, {"tint": "y", "shade": "PALE"}]}},
            {"PaintWallInput.tint", "Shade.PALE"},
        ),
        ({"paints": {"paints": {"tint": "x"}}}, {"PaintWallInput.tint"}),
        ({"shade": "PALE"}, {"Shade.PALE"}),
    ],
)
async def test_what_variables_hold_is_counted_as_well(variables: dict[str, object], found: set[str]) -> None:
    text = (
        "query ($shade: Shade! = LIGHT, $paints: Paints) { wall(shade: $shade, paints: $paints) { shade } }"
    )
    assert await uses(text, **variables) == found


def test_what_nobody_used_is_shown_with_0() -> None:
    Deprecations(SCHEMA._schema)
    assert {*USES} == ALL
    shown = generate_latest(REGISTRY).decode()
    assert 'headwater_graphql_deprecated_total{coordinate="Query.wall(colour:)"} 0.0' in shown


async def test_there_are_200_labels_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecations, "_MOST", 3)
    assert await uses("{ wall { tint } fence { shade } }") == {OTHERS, "Query.fence"}
    assert len(USES) == 4


def test_what_must_be_given_cannot_be_deprecated() -> None:
    class BreakWall(Command):
        """Break a wall."""

        tint: Tint

        def handle(self) -> Wall:
            return Wall.begin(self.id, Wall.Painted(shade=Shade.LIGHT))

    with pytest.raises(TypeError, match=r"BreakWallInput\.tint must be given"):
        takes(BreakWall)


def test_an_enum_marks_no_value_that_it_lacks() -> None:
    with pytest.raises(TypeError, match="Shade has no value 'DARK'"):
        enum(Shade, {"DARK": "Use `PALE`."})
