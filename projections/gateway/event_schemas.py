"""Schemas of events, in tables that are never behind: they decide which events are taken."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.gateway.envelope import EventCategory
from domain.gateway.event_schemas import EventSchema, Schema
from domain.gateway.schemas.compatibility import CompatibilityMode, CompatibilityPolicy
from domain.kit.fields import Describe, Len
from projections.kit.context.read_side import ReadSide
from projections.kit.declare.folds import STREAM, TIME, EventField, carried
from projections.kit.model import Check, CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version
from projections.kit.read.postgres_reader import PostgresRows


class EventSchemaRow(Row):
    """A type of events that has schemas."""

    id: Id
    event_type: Annotated[
        str, Len(max_length=100), Describe("The type of the events, such as `order.created`.")
    ]
    category: Annotated[EventCategory, Describe("The category of the events, by how their type begins.")]
    compatibility: Annotated[CompatibilityMode, Describe("Who must be able to read what, between versions.")]
    policy: Annotated[
        CompatibilityPolicy, Describe("What is supposed of properties that a schema does not name.")
    ]
    other_names: Annotated[
        tuple[str, ...], Describe("Other names under which events of this type may be sent.")
    ] = ()
    latest_version: Annotated[int, Describe("The newest version of the schema.")] = 0
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class EventSchemas(PostgresView[EventSchemaRow], name="gateway.event_schemas", version=1, inline=True):
    """Every type of events that has schemas."""

    indexes = (
        Index("idx_event_schemas_type", ("event_type", "id")),
        Index("idx_event_schemas_created_at", ("created_at", "id")),
    )
    checks = (
        Check("valid_event_category", "category in ('user', 'business', 'system', 'integration', 'ml')"),
    )

    registered = carried(EventSchema.Registered, first=True)
    version_added = carried(EventSchema.VersionAdded, latest_version=EventField("number"))
    compatibility_set = carried(EventSchema.CompatibilitySet)
    aliases_set = carried(EventSchema.AliasesSet)


class SchemaVersionRow(Row):
    """A version of a schema, as it was registered."""

    id: Annotated[UUID, Describe("The version's id.")]
    event_schema_id: Annotated[UUID, Describe("Whose version it is.")]
    event_type: Annotated[str, Len(max_length=100), Describe("The type of the events.")]
    number: Annotated[int, Describe("The version: 1, 2, 3 and so on.")]
    schema: Schema
    created_at: Annotated[datetime, Describe("When it was registered.")]
    deprecated_at: Annotated[datetime | None, Describe("When it was deprecated; null unless it was.")] = None


class SchemaVersions(
    PostgresView[SchemaVersionRow], name="gateway.event_schema_versions", version=1, inline=True
):
    """Every version of every schema."""

    indexes = (Index("idx_event_schema_versions_schema", ("event_schema_id", "number", "id")),)

    added = carried(
        EventSchema.VersionAdded,
        by="version_id",
        first=True,
        event_schema_id=STREAM,
        created_at=TIME,
    )
    deprecated = carried(EventSchema.VersionDeprecated, by="version_id", deprecated_at=TIME)


_VIEWS: Mapping[str, type[PostgresView[Any]]] = {"types": EventSchemas, "versions": SchemaVersions}

_NAMED = """
select s.id, s.event_type, s.compatibility, s.policy
  from {types} s
 where s.tenant_id = $1 and (s.event_type = $2 or s.other_names @> array[$2::text])
"""
_SCHEMAS = """
select v.schema
  from {versions} v
 where v.tenant_id = $1 and v.event_schema_id = $2
 order by v.number
"""
_VERSION = """
select v.id
  from {versions} v
  join {types} s on s.tenant_id = v.tenant_id and s.id = v.event_schema_id
 where v.tenant_id = $1 and (s.event_type = $2 or s.other_names @> array[$2::text])
   and v.number = coalesce($3::integer, s.latest_version)
"""


_NUMBERS = """
select t.name, s.event_type as type, v.number, v.id
  from unnest($2::text[]) t(name)
  join {types} s on s.tenant_id = $1 and (s.event_type = t.name or s.other_names @> array[t.name])
  join {versions} v on v.tenant_id = s.tenant_id and v.event_schema_id = s.id
 order by t.name, v.number
"""


@dataclass(frozen=True, slots=True)
class NumberedVersion:
    """A version of the schema of a type, with the name by which it was asked for."""

    name: str
    type: str
    number: int
    id: UUID


@dataclass(frozen=True, slots=True)
class NamedSchema:
    """A type of events, found by one of its names."""

    id: UUID
    event_type: str
    compatibility: CompatibilityMode
    policy: CompatibilityPolicy


@dataclass(frozen=True, slots=True)
class _Schema:
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


class SchemaReader:
    """What is known of schemas at this moment, by the names of types."""

    def __init__(self, rows: PostgresRows) -> None:
        self._rows = rows

    async def named(self, tenant_id: UUID, name: str) -> NamedSchema | None:
        """The type of this name or alias; None when the tenant has no schema of such."""
        found = await self._rows.select(_VIEWS, tenant_id, _NAMED, name, shape=NamedSchema)
        return found[0] if found else None

    async def schemas(self, tenant_id: UUID, event_schema_id: UUID) -> list[dict[str, Any]]:
        """All schemas of a type, the first version first."""
        found = await self._rows.select(_VIEWS, tenant_id, _SCHEMAS, event_schema_id, shape=_Schema)
        return [each.schema for each in found]

    async def versions(self, tenant_id: UUID, names: Collection[str]) -> list[NumberedVersion]:
        """Every version of these types or what they are other names for, by name and number."""
        return await self._rows.select(_VIEWS, tenant_id, _NUMBERS, list(names), shape=NumberedVersion)

    async def of_versions(self, tenant_id: UUID, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
        """The schemas of versions by their ids."""
        rows = await self._rows.get(SchemaVersions, tenant_id, [(id,) for id in ids])
        return {row.id: row.schema for row in rows.values()}

    async def version(self, tenant_id: UUID, name: str, number: int | None = None) -> SchemaVersionRow | None:
        """A version of the schema of a type, by default the newest; None when there is none."""
        found = await self._rows.select(_VIEWS, tenant_id, _VERSION, name, number, shape=_Id)
        rows = await self._rows.get(SchemaVersions, tenant_id, [(each.id,) for each in found])
        return next(iter(rows.values()), None)


def schema_reader(reading: ReadSide) -> SchemaReader:
    """The port, on the tables of one process."""
    return SchemaReader(reading.rows)
