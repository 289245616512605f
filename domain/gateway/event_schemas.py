"""The schemas of events: what those of a type hold, version after version, each for ever as it was registered."""

from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID, uuid5

import msgspec

from domain.gateway.envelope import EventCategory
from domain.gateway.schemas.compatibility import (
    CompatibilityMode,
    CompatibilityPolicy,
    Incompatibility,
    incompatibilities,
)
from domain.gateway.schemas.event_types import EventAlias, EventType, category
from domain.gateway.schemas.json_text import canonical, canonical_text
from domain.gateway.schemas.schema_rules import misplaced, schema_violations
from domain.kit.fields import KEPT, Authored, Describe, Internal, Interval, Kept, Len
from domain.kit.model import Aggregate, Command, Event, Invalid, Refusal, Unique, applies
from domain.kit.refusals import AlreadyTaken, Violation, ViolationCode

MOST_VERSIONS = 100
"""How many versions a type of events has."""
LARGEST_TOTAL = 1_048_576
"""How many bytes they take together, as JSON."""
MOST_ALIASES = 10

# Any, because a schema is a JSON object of any shape; `schema_violations` says what it may hold.
Schema = Annotated[
    dict[str, Any],
    Internal(),
    Authored(),
    Describe(
        "A JSON Schema of the version 2020-12 for the `data` of events, `{payload, metadata}`; at most 64 KiB."
    ),
]
Mode = Annotated[
    CompatibilityMode,
    Internal(),
    Describe("Who must be able to read what, between a new version and earlier ones."),
]
Policy = Annotated[
    CompatibilityPolicy, Internal(), Describe("What is supposed of properties that a schema does not name.")
]
Number = Annotated[int, Interval(ge=1), Internal(), Describe("The version: 1, 2, 3 and so on.")]
Aliases = Annotated[
    tuple[EventAlias, ...],
    Len(0, MOST_ALIASES),
    Internal(),
    Authored(),
    Describe("Other names under which events of this type may be sent."),
]
VersionId = Annotated[UUID, Internal(), Describe("The version's id.")]
Category = Annotated[
    EventCategory, Internal(), Describe("The category of the events, by how their type begins.")
]


class SchemaIncompatible(Refusal):
    """This schema does not go together with version {version}. {reasons}"""

    def __init__(self, *, field: str, found: list[Incompatibility], **facts: Any) -> None:
        """About a field of the command, with all that does not go together, the last version first."""
        sentences = [f"At {each.difference.path or '/'}: {each.difference.reason}" for each in found]
        super().__init__(field=field, version=found[0].version, reasons=" ".join(sentences[:3]), **facts)
        self.found = found
        self._sentences = sentences

    @property
    def violations(self) -> list[Violation]:
        """See the base: each place at which it does not, as a sentence."""
        return [
            Violation(ViolationCode.RULE, sentence, (self.field or "schema",)) for sentence in self._sentences
        ]

    def about(self, field: str | None) -> "SchemaIncompatible":
        """See the base."""
        return SchemaIncompatible(field=field or "schema", found=self.found)


class TooManySchemaVersions(Refusal):
    """An event type has {most} versions at most, of {bytes} bytes together."""


class SchemaVersionUnknown(Refusal):
    """There is no version {number} of this schema."""


class SchemaVersionDeprecated(Refusal):
    """Version {number} is deprecated already."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What registering a schema would come to."""

    version: int
    """The version that it would be, or is already."""
    known: bool
    """Whether this very schema is that version already, so that nothing would change."""
    incompatibilities: list[Incompatibility]
    """Where it does not go together with earlier versions; then it is refused."""


def registration(
    schema: Any,
    versions: list[dict[str, Any]],
    mode: CompatibilityMode,
    policy: CompatibilityPolicy,
) -> Registration:
    """What registering a schema after these versions, the first one first, would come to.

    Raises Invalid, about the field ``schema``, for one that cannot be used.
    """
    # A client may send any JSON in place of an object.
    if not isinstance(schema, dict):
        raise Invalid(field="schema", reason="must be an object", why=ViolationCode.FORMAT)
    if found := schema_violations(schema):
        raise Invalid.of([violation.below("schema") for violation in found])
    text = canonical_text(schema)
    for number, known in enumerate(versions, 1):
        if canonical_text(known) == text:
            return Registration(number, True, [])
    if found := misplaced(schema):
        raise Invalid.of([violation.below("schema") for violation in found])
    earlier = list(enumerate(versions, 1))
    return Registration(len(versions) + 1, False, incompatibilities(schema, earlier, mode, policy))


class EventSchema(
    Aggregate,
    topic="gateway.event_schema",
    unique=(Unique("names", stored_as="gateway.event_type", field="event_type"),),
):
    """A type of events with its schemas. Every event names the type, so that readers need no state."""

    class Registered(Event):
        event_type: EventType
        category: Category
        compatibility: Mode
        policy: Policy

    class VersionAdded(Event):
        event_type: EventType
        version_id: VersionId
        number: Number
        schema: Schema

    class VersionDeprecated(Event):
        event_type: EventType
        version_id: VersionId
        number: Number

    class CompatibilitySet(Event):
        event_type: EventType
        compatibility: Mode
        policy: Policy

    class AliasesSet(Event):
        event_type: EventType
        other_names: Aliases

    event_type: str
    compatibility: CompatibilityMode
    policy: CompatibilityPolicy
    other_names: tuple[str, ...] = ()
    versions: list[dict[str, Any]] = field(default_factory=list)
    deprecated: list[int] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the type; no other type has one of them."""
        return (self.event_type, *self.other_names)

    def register(self, schema: dict[str, Any]) -> None:
        """Add a version, unless this very schema is one already."""
        found = registration(schema, self.versions, self.compatibility, self.policy)
        if found.known:
            return
        if found.incompatibilities:
            raise SchemaIncompatible(field="schema", found=found.incompatibilities)
        size = sum(len(msgspec.json.encode(each)) for each in [*self.versions, schema])
        if found.version > MOST_VERSIONS or size > LARGEST_TOTAL:
            raise TooManySchemaVersions(field="schema", most=MOST_VERSIONS, bytes=LARGEST_TOTAL)
        self.record(
            EventSchema.VersionAdded(
                event_type=self.event_type,
                version_id=self.version_id(found.version),
                number=found.version,
                schema=canonical(schema),
            )
        )

    def version_id(self, number: int) -> UUID:
        """The id that a version has."""
        return uuid5(self.id, str(number))

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.event_type = event.event_type
        self.compatibility, self.policy = event.compatibility, event.policy

    @applies(VersionAdded)
    def _version_added(self, event: VersionAdded) -> None:
        self.versions = [*self.versions, event.schema]

    @applies(VersionDeprecated)
    def _version_deprecated(self, event: VersionDeprecated) -> None:
        self.deprecated = [*self.deprecated, event.number]

    @applies(CompatibilitySet)
    def _compatibility_set(self, event: CompatibilitySet) -> None:
        self.compatibility, self.policy = event.compatibility, event.policy

    @applies(AliasesSet)
    def _aliases_set(self, event: AliasesSet) -> None:
        self.other_names = event.other_names


class RegisterSchema(Command):
    """Register a schema for a type of events: its first version, or the next, unless it does not
    go together with earlier ones; the same schema again is the same version."""

    event_type: EventType
    schema: Schema
    compatibility: Mode | Kept = KEPT
    policy: Policy | Kept = KEPT

    def handle(self) -> EventSchema:
        mode = CompatibilityMode.BACKWARD if isinstance(self.compatibility, Kept) else self.compatibility
        policy = CompatibilityPolicy.STRICT if isinstance(self.policy, Kept) else self.policy
        registered = EventSchema.Registered(
            event_type=self.event_type,
            category=category(self.event_type),
            compatibility=mode,
            policy=policy,
        )
        event_schema = EventSchema.begin(self.id, registered)
        event_schema.register(self.schema)
        return event_schema


class AddSchemaVersion(Command):
    """Register another schema for a type of events that has one."""

    schema: Schema

    def handle(self, event_schema: EventSchema) -> None:
        event_schema.register(self.schema)


class SetCompatibility(Command):
    """Say which schemas may follow earlier ones from now on; those that are registered stay as they are."""

    compatibility: Mode
    policy: Policy | Kept = KEPT

    def handle(self, event_schema: EventSchema) -> None:
        policy = event_schema.policy if isinstance(self.policy, Kept) else self.policy
        if (self.compatibility, policy) != (event_schema.compatibility, event_schema.policy):
            event_schema.record(
                EventSchema.CompatibilitySet(
                    event_type=event_schema.event_type, compatibility=self.compatibility, policy=policy
                )
            )


class DeprecateSchemaVersion(Command):
    """Say that a version of a schema should no longer be used; events may still be sent by it."""

    number: Number

    def handle(self, event_schema: EventSchema) -> None:
        if self.number > len(event_schema.versions):
            raise SchemaVersionUnknown(field="number", number=self.number)
        if self.number in event_schema.deprecated:
            raise SchemaVersionDeprecated(field="number", number=self.number)
        event_schema.record(
            EventSchema.VersionDeprecated(
                event_type=event_schema.event_type,
                version_id=event_schema.version_id(self.number),
                number=self.number,
            )
        )


class SetEventAliases(Command):
    """Say under which other names events of a type may be sent, in place of those that it has."""

    other_names: Aliases

    def handle(self, event_schema: EventSchema) -> None:
        aliases = tuple(dict.fromkeys(self.other_names))
        if event_schema.event_type in aliases:
            raise AlreadyTaken(field="other_names")
        if aliases != event_schema.other_names:
            event_schema.record(
                EventSchema.AliasesSet(event_type=event_schema.event_type, other_names=aliases)
            )
