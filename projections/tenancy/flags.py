"""Feature flags: the table that they stand in, and the cached look-up by which code asks for one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec

from domain.kit.fields import Describe, Len
from domain.tenancy.flags import FeatureFlag, is_feature_name
from projections.kit.context.read_side import ReadSide
from projections.kit.declare.folds import carried, removed
from projections.kit.model import CreatedAt, Index, Invalidation, PostgresView, Row, UpdatedAt, invalidates
from projections.kit.read.cache import Cache, Cached
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order
from projections.kit.read.postgres_reader import PostgresRows


class FeatureFlagRow(Row):
    """A feature flag of the tenant."""

    id: Annotated[UUID, Describe("The flag's id.")]
    feature_name: Annotated[str, Len(max_length=100), Describe("The feature's name, unique in the tenant.")]
    enabled: Annotated[bool, Describe("Whether it is enabled.")]
    config: Annotated[dict[str, Any], Describe("The flag's configuration.")]
    created_at: Annotated[CreatedAt, Describe("When it was added.")]
    updated_at: UpdatedAt


class FeatureFlags(PostgresView[FeatureFlagRow], name="tenancy.feature_flags", version=2, inline=True):
    """The tenant's feature flags."""

    # Not a unique index: a name given back and used again in one page of events may be written in any order.
    # That a tenant has a name once is the log's reservation.
    indexes = (
        Index("idx_feature_flags_name", ("feature_name", "id")),
        Index("idx_feature_flags_created_at", ("created_at", "id")),
    )

    added = carried(FeatureFlag.Added, first=True)

    changed = carried(FeatureFlag.Changed)

    gone = removed(FeatureFlag.Removed)


class Flag(msgspec.Struct, frozen=True):
    """What is cached of a flag; ``there`` says whether the tenant has it at all."""

    there: bool
    enabled: bool = False
    config: dict[str, Any] = {}


FLAGS = Cached("flag:{name}", Flag, ttl=timedelta(minutes=5), tags=("flag:{name}",))
"""Answers about flags, for five minutes at most (CAC-04)."""


class FlagTags(Invalidation, name="tenancy.flag_tags", ttl=timedelta(hours=2)):
    """Which cached flag an event makes old."""

    changed = invalidates(*FeatureFlag.events, tags=lambda event, _: [f"flag:{_name(event)}"])


# Every event of a flag names it, which the type of ``events`` does not tell; hence Any.
def _name(event: Any) -> str:
    name: str = event.feature_name
    return name


class FlagPositions(Protocol):
    """How far the views have come."""

    async def position_of(self, view: str, /) -> int:
        """The position up to which a view is folded."""
        ...


class Flags:
    """What code asks whether a tenant has a feature.

        if await flags.enabled(tenant_id, "search.highlights", default=True): ...

    Answers are cached for `FLAGS.ttl`, in Redis and for a second in the process; a change of the flag makes what
    is in Redis old at once. Without Redis, every answer is read from the table.
    """

    def __init__(self, rows: PostgresRows, positions: FlagPositions, cache: Cache) -> None:
        self._rows, self._positions, self._cache = rows, positions, cache

    async def enabled(self, tenant_id: UUID, name: str, *, default: bool = False, at_least: int = 0) -> bool:
        """Whether the feature is switched on; ``default`` for a tenant that has no such flag."""
        flag = await self._flag(tenant_id, name, at_least)
        return flag.enabled if flag.there else default

    async def config(self, tenant_id: UUID, name: str, *, at_least: int = 0) -> Mapping[str, Any]:
        """The flag's configuration, empty for a tenant that has no such flag."""
        return (await self._flag(tenant_id, name, at_least)).config

    async def _flag(self, tenant_id: UUID, name: str, at_least: int) -> Flag:
        if not is_feature_name(name):
            # Whatever a client asks for would otherwise take up room in the cache.
            return Flag(False)

        async def load() -> tuple[Flag, int]:
            position = await self._positions.position_of(FeatureFlags.name)
            page = await self._rows.page(
                FeatureFlags,
                tenant_id,
                where=equals("feature_name", name),
                order=Order("feature_name"),
                limit=1,
            )
            flags = [Flag(True, row.enabled, row.config) for row in page.rows]
            return (flags or [Flag(False)])[0], position

        answer = await self._cache.get_or_load(FLAGS, tenant_id, {"name": name}, load, at_least=at_least)
        return answer.value


def flags_reader(reading: ReadSide) -> Flags:
    """The port, on the stores of one process."""
    return Flags(reading.rows, reading.positions, reading.cache(FlagTags, FLAGS))
