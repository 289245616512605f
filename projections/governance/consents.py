"""Consents as they stand: who allows what."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.governance.consents import Consent
from domain.kit.fields import Describe, Len
from projections.kit.declare.folds import TIME, carried
from projections.kit.model import Index, PostgresView, Row


class ConsentRow(Row):
    """What somebody says about a purpose."""

    id: Annotated[UUID, Describe("The consent's id, derived from user and purpose.")]
    subject_id: Annotated[UUID, Describe("The user whose data it is.")]
    purpose: Annotated[str, Len(max_length=100), Describe("The purpose for which the data may be used.")]
    given: Annotated[bool, Describe("Whether it is allowed now.")]
    source: Annotated[str, Len(max_length=100), Describe("Where it was last given or withdrawn.")]
    text_version: Annotated[
        str, Len(max_length=100), Describe("The version of the wording that was agreed to.")
    ] = ""
    given_at: Annotated[
        datetime | None, Describe("When it was last given; null where it was refused from the beginning.")
    ] = None
    withdrawn_at: Annotated[datetime | None, Describe("When it was withdrawn; null while it is given.")] = (
        None
    )


class ConsentRows(PostgresView[ConsentRow], name="governance.consents", version=2, inline=True):
    """Every consent ever given or refused; inline, so that a withdrawal holds from the moment it is answered."""

    indexes = (
        Index("idx_consents_subject", ("subject_id", "purpose")),
        Index("idx_consents_given_at", ("given_at", "id")),
    )

    said_yes = carried(Consent.Given, upsert=True, given=True, given_at=TIME, withdrawn_at=None)

    withdrawn = carried(Consent.Withdrawn, upsert=True, given=False, withdrawn_at=TIME)
