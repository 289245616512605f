"""Schemas of events: registering them, reading them, and asking beforehand what registering one would come to."""

import asyncio
from typing import Annotated

import strawberry

from api.kit.model import (
    After,
    Info,
    Node,
    Refusal,
    Resource,
    Sending,
    Sent,
    argument,
    covered,
    enum,
    field,
    headed,
    shows,
)
from api.kit.schema.commands import Refused
from api.kit.schema.scalars import Json
from domain.gateway import event_schemas as domain
from domain.gateway.schemas.compatibility import (
    CompatibilityMode,
    CompatibilityPolicy,
    Incompatibility,
)
from domain.kit.refusals import AlreadyTaken, CommandIdReused
from projections.gateway.event_schemas import (
    EventSchemaRow,
    EventSchemas,
    SchemaReader,
    SchemaVersionRow,
    SchemaVersions,
)
from projections.kit.read.keyset import Order


@shows(SchemaVersionRow, needs="gateway:read", leave_out=("event_schema_id",))
class SchemaVersion(Node):
    """A version of a schema of events. It never changes."""


@shows(EventSchemaRow, needs="gateway:read")
class EventSchema(Node):
    """A type of events with its schemas."""

    versions = headed(
        SchemaVersion,
        SchemaVersions,
        "event_schema_id",
        order=Order("number", descending=True),
        description="Its versions, the newest first.",
    )


_schemas = Resource(EventSchema, EventSchemas, read="gateway:read", write="gateway:schemas")
_versions = Resource(SchemaVersion, SchemaVersions, read="gateway:read")
_schemas.filter(also=("category",))


@covered
@strawberry.type(description="Names a place at which a schema does not go together with an earlier version.")
class SchemaIncompatibility:
    """An incompatibility as the API shows it."""

    version: int = strawberry.field(description="The earlier version.")
    backward: bool = strawberry.field(
        description="True where it is the new schema that does not take what the earlier version takes; false "
        "where it is the other way round."
    )
    path: str | None = strawberry.field(
        description="Where in the data, as a JSON pointer in which `*` stands for every entry of a list or every "
        "other property; null is the whole of it."
    )
    rule: str = strawberry.field(description="The keyword of the schema that makes the difference.")
    reason: str = strawberry.field(description="What does not go together, in plain words.")
    decided: bool = strawberry.field(
        description="False where it cannot be told whether it goes together, which is refused as well."
    )

    @classmethod
    def of(cls, found: Incompatibility) -> "SchemaIncompatibility":
        """The incompatibility as data."""
        difference = found.difference
        return cls(
            version=found.version,
            backward=found.backward,
            path=difference.path or None,
            rule=difference.rule,
            reason=difference.reason,
            decided=difference.decided,
        )


@covered
@strawberry.type(description="Says what registering a schema would come to; nothing was registered.")
class SchemaCheck:
    """The answer of a dry run."""

    accepted: bool = strawberry.field(description="Whether it would be registered, or is already.")
    version: int | None = strawberry.field(
        description="The version that it would be, or is already; null where it would be refused."
    )
    already_registered: bool = strawberry.field(description="Whether this very schema is a version already.")
    incompatibilities: list[SchemaIncompatibility] = strawberry.field(
        description="Where it does not go together with earlier versions, at most 100."
    )
    refusal: Refused | None = strawberry.field(
        description="What is wrong with the schema itself, where it cannot be used; else null."
    )


async def _register(sending: Sending) -> Sent | Refusal:
    sent = await sending.send(await sending.command(domain.RegisterSchema))
    # A type that is there gets another version. The same command id again is that of whichever was sent before.
    if not isinstance(sent, AlreadyTaken | CommandIdReused):
        return sent
    ask = sending.ask
    known = await ask.port(SchemaReader).named(ask.caller.tenant_id, sending.input.event_type)
    if known is None or known.event_type != sending.input.event_type:
        return sent
    return await sending.send(domain.AddSchemaVersion(id=known.id, schema=sending.input.schema))


@strawberry.type
class Query:
    event_schema = _schemas.by_id("A type of events with its schemas by id.")
    event_schemas = _schemas.list("The types of events that the tenant has schemas of, by pages.")
    schema_version = _versions.by_id("A version of a schema by id.")

    @field(
        "A version of the schema of a type of events; null where there is none.",
        SchemaVersion | None,
        needs="gateway:read",
    )
    async def schema_of_type(
        self,
        info: Info,
        event_type: Annotated[str, argument("The type of the events, or another name for it.")],
        version: Annotated[int | None, argument("The version; by default the newest.")] = None,
        after_position: After = None,
    ) -> SchemaVersionRow | None:
        ask = info.context
        await ask.caught_up(SchemaVersions, after_position)
        return await ask.port(SchemaReader).version(ask.caller.tenant_id, event_type, version)

    @field(
        "Ask what registering a schema for a type of events would come to, without registering it.",
        SchemaCheck,
        needs="gateway:read",
    )
    async def check_schema(
        self,
        info: Info,
        event_type: Annotated[str, argument("The type of the events.")],
        schema: Annotated[Json, argument("The schema: an object.")],
        compatibility: Annotated[
            enum(CompatibilityMode) | None, argument("In place of what the type has.")  # type: ignore[valid-type]
        ] = None,
        policy: Annotated[
            enum(CompatibilityPolicy) | None, argument("In place of what the type has.")  # type: ignore[valid-type]
        ] = None,
        after_position: After = None,
    ) -> SchemaCheck:
        ask = info.context
        await ask.caught_up(SchemaVersions, after_position)
        reader, tenant_id = ask.port(SchemaReader), ask.caller.tenant_id
        known = await reader.named(tenant_id, event_type)
        versions = [] if known is None else await reader.schemas(tenant_id, known.id)
        mode = compatibility or (CompatibilityMode.BACKWARD if known is None else known.compatibility)
        used = policy or (CompatibilityPolicy.STRICT if known is None else known.policy)
        try:
            # In a thread, so that others have their turn meanwhile.
            found = await asyncio.to_thread(domain.registration, schema, versions, mode, used)
        except Refusal as refusal:
            return SchemaCheck(
                accepted=False,
                version=None,
                already_registered=False,
                incompatibilities=[],
                refusal=Refused.of(refusal),
            )
        accepted = not found.incompatibilities
        return SchemaCheck(
            accepted=accepted,
            version=found.version if accepted else None,
            already_registered=found.known,
            incompatibilities=[SchemaIncompatibility.of(each) for each in found.incompatibilities],
            refusal=None,
        )


@strawberry.type
class Mutation:
    register_schema = _schemas.mutation(domain.RegisterSchema, send=_register)
    set_schema_compatibility = _schemas.mutation(domain.SetCompatibility)
    deprecate_schema_version = _schemas.mutation(domain.DeprecateSchemaVersion)
    set_event_aliases = _schemas.mutation(domain.SetEventAliases)
