"""When keys of sources were last used, from the events that were sent with them."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.gateway.events import OutsideEvent
from domain.gateway.letters import DeadLetter
from domain.kit.fields import Describe
from projections.kit.declare.folds import on
from projections.kit.model import PostgresView, Row, replace

_APART = timedelta(minutes=1)
"""A use so soon after the last one is not noted, so that who sends steadily costs a write a minute."""


class SourceKeyUseRow(Row):
    """A key that was used."""

    id: Annotated[UUID, Describe("The key's id.")]
    source_id: Annotated[UUID, Describe("Whose key it is.")]
    used_at: Annotated[datetime, Describe("When an event that was sent with it last came in.")]


class SourceKeyUses(PostgresView[SourceKeyUseRow], name="gateway.source_key_uses", version=1):
    """Every key that was used."""

    @on(OutsideEvent.Accepted, DeadLetter.Kept, by="key_id")
    def used(
        self,
        row: SourceKeyUseRow | None,
        event: OutsideEvent.Accepted | DeadLetter.Kept,
        key: UUID,
    ) -> SourceKeyUseRow:
        if row is None:
            return SourceKeyUseRow(id=key, source_id=event.source_id, used_at=event.timestamp)
        return row if event.timestamp < row.used_at + _APART else replace(row, used_at=event.timestamp)
