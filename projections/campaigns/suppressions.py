"""Addresses that are not written to, by their fingerprints."""

from typing import Annotated
from uuid import UUID

from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.contacts.suppressions import (
    Address,
    Note,
    Reason,
    Scope,
    Suppression,
    SuppressionReason,
    suppression_id,
)
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal
from domain.kit.log import Envelope
from projections.campaigns.contacts import found_by
from projections.kit.declare.folds import carried, on, removed
from projections.kit.model import CreatedAt, Id, Index, PostgresView, Row


class SuppressionRow(Row):
    """That an address is not written to, for one reason."""

    id: Id
    address: Address
    contact_list_id: Scope
    reason: Reason
    note: Note = ""
    created_at: Annotated[CreatedAt, Internal(), Describe("Since when it holds.")]


def _id(tenant_id: UUID, email_key: str, contact_list_id: UUID | None) -> UUID:
    return suppression_id(tenant_id, found_by(email_key), contact_list_id, SuppressionReason.UNSUBSCRIBE)


def _scopes(event: Event) -> list[UUID | None]:
    """What somebody unsubscribes from, or says that they want again: lists, and all (None)."""
    match event:
        case Contact.Unsubscribed():
            return [event.contact_list_id]
        case Contact.UnsubscribedFromAll():
            return [None, *event.contact_list_ids]
        case Contact.EmailChanged():
            return [*([None] if event.unsubscribed_from_all else []), *event.unsubscribed_from]
        case Contact.Subscribed() if event.themself:
            return [None, event.contact_list_id]
        case _:
            return []


_Said = Contact.Unsubscribed | Contact.UnsubscribedFromAll | Contact.EmailChanged | Contact.Subscribed


def _of_scopes(event: _Said, envelope: Envelope) -> list[UUID]:
    return [_id(envelope.tenant_id, event.email_key, scope) for scope in _scopes(event)]


class Suppressions(PostgresView[SuppressionRow], name="campaigns.suppressions", version=1, inline=True):
    """Every suppression that holds; inline, since whoever sends must not be behind.

    They are of addresses and not of contacts: nothing that ends a contact is folded here.
    """

    indexes = (
        Index("idx_suppressions_address", ("address", "contact_list_id")),
        Index("idx_suppressions_created_at", ("created_at", "id")),
    )

    suppressed = carried(Suppression.Suppressed, upsert=True)
    lifted = removed(Suppression.Lifted)
    subscribed = removed(Contact.Subscribed, by=_of_scopes)

    @on(Contact.Unsubscribed, Contact.UnsubscribedFromAll, Contact.EmailChanged, by=_of_scopes)
    def unsubscribed(
        self,
        row: SuppressionRow | None,
        event: Contact.Unsubscribed | Contact.UnsubscribedFromAll | Contact.EmailChanged,
        key: UUID,
        envelope: Envelope,
    ) -> SuppressionRow:
        if row is not None:
            return row
        ids = {_id(envelope.tenant_id, event.email_key, scope): scope for scope in _scopes(event)}
        return SuppressionRow(
            id=key,
            address=found_by(event.email_key),
            contact_list_id=ids[key],
            reason=SuppressionReason.UNSUBSCRIBE,
            created_at=event.timestamp,
        )
