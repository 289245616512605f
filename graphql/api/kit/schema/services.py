"""What the API is wired to: the reading and writing side of the product, as ports."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from api.kit.schema.access_log import AccessLog, Unlogged
from api.kit.schema.row_visibility import VisibilityRules
from domain.kit.bus.bus import Bus
from domain.kit.codec import Codec
from domain.kit.languages import DEFAULT
from domain.kit.log import Envelope, Log
from domain.kit.sealed import Opening, PlainOpening
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.as_of import RowsAsOf
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.redis_reader import RedisRows
from projections.kit.read.status import ViewStatus
from projections.kit.read_position import ReadPosition


class ViewProgress(Protocol):
    """How far the views have come."""

    async def position_of(self, view: str, /) -> int:
        """The position up to which a view is folded."""
        ...

    async def begin_reading(self) -> ReadPosition:
        """Note from here on what this task reads, and how far that was folded before."""
        ...

    async def statuses(self) -> list[ViewStatus]:
        """How every view stands."""
        ...

    async def wait_for(self, view: str, position: int, seconds: float, /) -> bool:
        """Whether the view reached the position within the time."""
        ...


class Feed(Protocol):
    """The log's newest events, read once for everyone in this process."""

    def pages_of(
        self, tenant_id: UUID, caller: UUID, /, *, after: int
    ) -> AsyncGenerator[Sequence[Envelope], None]:
        """Pages of a tenant's events after a position, without end, for one of its callers."""
        ...

    async def far(self, tenant_id: UUID, caller: UUID, /, *, after: int, most: int) -> bool:
        """Whether more than so many events of the tenant come after a position."""
        ...


async def _default_language(tenant_id: UUID) -> str:
    return DEFAULT


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything the API is wired to, made once by the composition root."""

    bus: Bus
    log: Log
    codec: Codec
    rows: PostgresRows
    as_of: RowsAsOf
    progress: ViewProgress
    feed: Feed
    secret: str
    """Signs cursors."""
    after_wait: float
    """How long a query waits for ``after``, in seconds."""
    guard: Callable[[], AbstractAsyncContextManager[object]] = nullcontext
    """Around what waits for the database: raises Unavailable when that is away."""
    pin: Callable[[], None] = lambda: None
    """From here on, this task reads the generations of the views that are live now."""
    longest_resume: int = 10_000
    """How many events back a subscription may resume; reading more would cost everyone else."""
    twins: Mapping[type[PostgresView[Any]], RedisRows[Any]] = field(default_factory=dict)
    """Views that Redis holds as well, row for row: asked first, with Postgres behind them."""
    access_log: AccessLog = field(default_factory=Unlogged)
    """Keeps who read what."""
    opening: Opening = field(default_factory=PlainOpening)
    """Opens sealed personal data."""
    masking: bool = False
    """Whether the personal data of others are masked, as everywhere outside production."""
    sights: VisibilityRules = field(default_factory=VisibilityRules)
    """Finds out what of a tenant's rows a caller may not see."""
    language: Callable[[UUID], Awaitable[str]] = field(default=_default_language)
    """In which language a tenant searches."""
    ports: Mapping[type, object] = field(default_factory=dict)
    """What single contexts read with, by its type."""
