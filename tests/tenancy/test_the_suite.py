"""The suite itself: a field that tells too much, or asks for too little, makes it fail."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from api.kit.execution.access import Permit, permits
from api.kit.schema.fields import field
from api.kit.schema.scalars import SCALARS
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from tests.tenancy.marks import marks
from tests.tenancy.surface import Surface
from tests.tenancy.sweeping import Sweep

FIRST, SECOND = uuid4(), uuid4()
THING = uuid4()
ROWS = {(FIRST, THING): "zanzibar", (SECOND, uuid4()): "mine"}


@strawberry.type
class Thing:
    """Something that a tenant has."""

    name: str = strawberry.field(description="x", metadata={"needs": "work:read"})


@strawberry.type
class Holder:
    """Something with a thing in it."""

    @field("x", needs="work:read")
    def inner(self, info: strawberry.Info) -> list[Thing]:
        return [Thing(name=name) for name in ROWS.values()]


@strawberry.type
class Sound:
    """A schema as it should be."""

    @field("x", needs="work:read")
    def thing(self, info: strawberry.Info, id: UUID) -> Thing | None:
        name = ROWS.get((info.context.tenant_id, id))
        return Thing(name=name) if name else None


@strawberry.type
class ReadsWithoutTheTenant(Sound):
    """One field looks for an id among the things of all tenants."""

    @field("x", needs="work:read")
    def leaky(self, id: UUID) -> Thing | None:
        return next((Thing(name=name) for (_, row_id), name in ROWS.items() if row_id == id), None)


@strawberry.type
class ListsAll(Sound):
    """One field shows the things of all tenants, deep inside."""

    @field("x", needs="work:read")
    def leaky(self) -> Holder:
        return Holder()


@strawberry.type
class TellsThatThereIs(Sound):
    """One field shows nothing of a thing, but that it is there."""

    @field("x", needs="work:read")
    def leaky(self, id: UUID) -> bool:
        return any(row_id == id for _, row_id in ROWS)


@strawberry.type
class SaysItInAnError(Sound):
    """One field refuses, and says what it refuses to show."""

    @field("x", needs="work:read")
    def leaky(self, id: UUID) -> bool | None:
        raise PermissionError(f"{ROWS.get((FIRST, id), 'nothing')} is not yours")


@strawberry.type
class FindsByText(Sound):
    """One field finds the things of all tenants by their words, in an input inside an input."""

    @strawberry.input
    class Filter:
        texts: list[str] = strawberry.field(description="x")

    @field("x", needs="work:read")
    def leaky(self, filter: Filter) -> list[Thing]:
        return [Thing(name=name) for name in ROWS.values() if name in filter.texts]


class Insider:
    """Somebody of the second tenant, who asks a schema in this process."""

    def __init__(self, schema: strawberry.Schema, role: str, *, checked: bool = True) -> None:
        self.name, self._schema, self._checked = role, schema, checked
        self._caller = Caller(tenant_id=SECOND, user_id=uuid4(), permissions=ROLES.get(role, frozenset()))

    def granted(self, need: str | None) -> bool:
        return permits(self._caller, need) is Permit.GRANTED

    async def ask(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Answer what is not granted all the same, unless this is ``checked``."""
        if self._checked and not self.granted("work:read"):
            return {"errors": [{"message": "x", "extensions": {"code": "FORBIDDEN"}}]}
        done = await self._schema.execute(text, variable_values=dict(variables), context_value=self._caller)
        errors = [
            {"message": error.message, "path": error.path, "extensions": {"code": "REFUSED"}}
            for error in done.errors or []
        ]
        return {"data": done.data} | ({"errors": errors} if errors else {})


def sweep(query: type, role: str = "member", *, checked: bool = True) -> Sweep:
    """A visit to a schema of this query type."""
    schema = strawberry.Schema(query=query, config=StrawberryConfig(scalar_map=SCALARS))
    return Sweep(
        Surface(schema._schema),
        Insider(schema, role, checked=checked),
        marks(["zanzibar"], [FIRST, THING]),
        {"thing": str(THING)},
        {"the word": "zanzibar"},
    )


async def test_a_sound_schema_is_found_sound() -> None:
    visit = sweep(Sound)
    assert [*await visit.denied("query", {}), *await visit.read()] == []


@pytest.mark.parametrize(
    "query", [ReadsWithoutTheTenant, ListsAll, TellsThatThereIs, SaysItInAnError, FindsByText]
)
async def test_a_leaky_field_is_found(query: type) -> None:
    assert {finding.root for finding in await sweep(query).read()} == {"leaky"}


async def test_a_field_that_answers_whoever_asks_is_found() -> None:
    assert await sweep(Sound, "nobody").denied("query", {}) == []
    found = await sweep(Sound, "nobody", checked=False).denied("query", {})
    assert [finding.root for finding in found] == ["thing"]


def test_marks_are_known_however_they_are_written() -> None:
    known = marks(["zanzibar"], [THING])
    for text in (str(THING), THING.hex, f"task_{THING}", f"hw1.{THING.hex}.1", str(THING).upper()):
        assert known.found({"deep": [text]}), text
    assert known.found("Die Karte von ZANZIBAR") == {"zanzibar"}
    assert known.found([str(THING), "a"], but={"id": str(THING)}) == set()
    assert not known.found(str(uuid4()))
