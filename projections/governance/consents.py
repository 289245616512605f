"""Consents as they stand: who allows what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.governance.consents import Consent
from domain.kit.fields import Describe, Len
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.declare.view import on


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """What somebody says about a purpose."""

    id: Annotated[UUID, Describe("The consent's id, derived from person and purpose.")]
    subject_id: Annotated[UUID, Describe("The person whose data it is.")]
    purpose: Annotated[str, Len(max_length=100), Describe("The purpose for which the data may be used.")]
    given: Annotated[bool, Describe("Whether it is allowed now.")]
    source: Annotated[str, Len(max_length=100), Describe("Where it was last given or withdrawn.")]
    text_version: Annotated[
        str, Len(max_length=100), Describe("The version of the wording that was agreed to.")
    ]
    given_at: Annotated[datetime, Describe("When it was last given.")]
    withdrawn_at: Annotated[datetime | None, Describe("When it was withdrawn; null while it is given.")]


class ConsentRows(PostgresView[ConsentRow], name="governance.consents", version=1, inline=True):
    """Every consent ever given; inline, so that a withdrawal holds from the moment it is answered."""

    indexes = (
        Index("idx_consents_subject", ("subject_id", "purpose")),
        Index("idx_consents_given_at", ("given_at", "id")),
    )

    @on(Consent.Given)
    def said_yes(self, row: ConsentRow | None, event: Consent.Given) -> ConsentRow:
        return ConsentRow(
            id=event.originator_id,
            subject_id=event.subject_id,
            purpose=event.purpose,
            given=True,
            source=event.source,
            text_version=event.text_version,
            given_at=event.timestamp,
            withdrawn_at=None,
        )

    @on(Consent.Withdrawn)
    def withdrawn(self, row: ConsentRow, event: Consent.Withdrawn) -> ConsentRow:
        return replace(row, given=False, source=event.source, withdrawn_at=event.timestamp)
