"""What pulls need of the rest of the product, and what they are told of pages and loads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.connectors.connectors import Connector


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledPage:
    """What became of the items of a page, and where the next one is."""

    cursor: str | None
    over: bool
    """Whether there is no page behind it; its cursor is then where the next pull begins."""
    mark: str = ""
    """A fingerprint of the cursor that it was read at."""
    content: str = ""
    """A fingerprint of what it holds; empty where it holds nothing."""
    moved: bool = False
    """Whether its cursor is another than the one that it was read at."""
    retried: bool = False
    """Whether a try of it has failed before."""
    fresh: bool = False
    """Whether anything of it is new in the log."""
    round: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledLoad:
    """What became of a full load."""

    known: Mapping[str, str]
    """Fingerprints of what the items hold, by those of their ids."""
    gone: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


class ConnectorPages(Protocol):
    """Reads the pages of outside systems, and takes in what they hold.

    All raise EffectRefused with a word for what another try will not change, and EffectFailed for the rest.
    """

    async def page(
        self,
        tenant_id: UUID,
        connector: Connector,
        cursor: str | None,
        *,
        before: Collection[str],
        page_id: UUID,
        again: bool,
    ) -> PulledPage:
        """Take in a page, the first one without a cursor; one whose mark was there before is refused,
        and one that holds what one before did.
        ``again``: the page of this id may have been taken in before, by a try that was cut off or a pull that
        failed; what that did is counted as this one's. What was rejected before is known, and no more counted."""
        ...

    async def load(
        self,
        tenant_id: UUID,
        connector: Connector,
        known: Mapping[str, str],
        *,
        run_id: UUID,
        load_id: UUID,
        at: datetime,
    ) -> UUID:
        """Put aside all that there is now, with what has changed and gone since; the file that holds it. Events
        go by ``load_id``, that of the first of several runs whose load came in by half."""
        ...

    async def swap(
        self, tenant_id: UUID, connector: Connector, file_id: UUID, *, load_id: UUID, again: bool
    ) -> PulledLoad:
        """Take in what was put aside."""
        ...

    async def discard(self, tenant_id: UUID, file_id: UUID) -> None:
        """Remove what was put aside; nothing happens when it is gone."""
        ...
