"""Suppressions: addresses that are not written to, and why."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.campaigns.contact_lists import ContactList
from api.kit.model import (
    After,
    Connection,
    First,
    FromCursor,
    Info,
    Node,
    PageRequest,
    Refusal,
    Resource,
    Sending,
    Sent,
    argument,
    connect,
    enum,
    field,
    linked,
    shows,
)
from domain.campaigns.access import CONFIDENTIAL, READ, WRITE
from domain.campaigns.contacts.addresses import EMAIL_INDEX, address_key
from domain.campaigns.contacts.suppressions import (
    LiftSuppression,
    OnlyThePersonLifts,
    SuppressionReason,
    suppress,
    suppression_id,
)
from domain.kit.refusals import Invalid
from projections.campaigns.contact_lists import ContactLists
from projections.campaigns.suppressions import SuppressionRow, Suppressions
from projections.kit.read import conditions
from projections.kit.read.keyset import Order

enum(SuppressionReason)


@shows(SuppressionRow, needs=READ, leave_out=("address", "contact_list_id"))
class Suppression(Node):
    """An address that is not written to, for one reason; which address it is nobody can tell any more."""

    note: str | None

    contact_list = linked(
        ContactList, ContactLists, "contact_list_id", "The list that it is for; null: for whatever is sent."
    )


_suppressions = Resource(Suppression, Suppressions, read=READ, write=WRITE)


@strawberry.input(description="Input of `suppressAddress`.")
class SuppressAddressInput:
    """Which address, and why."""

    email: str = strawberry.field(description="The complete e-mail address.")
    contact_list_id: UUID | None = strawberry.field(
        default=None, description="The list that it is for; null: for whatever is sent."
    )
    reason: SuppressionReason = strawberry.field(
        default=SuppressionReason.MANUAL, description="Why it is not written to."
    )
    note: str = strawberry.field(default="", description="What was said about it.")


async def _suppress(sending: Sending) -> Sent | Refusal:
    ask, given = sending.ask, sending.input
    address = ask.services.codec.fingerprint(EMAIL_INDEX, _key(given.email))
    by, command_id = ask.caller, sending.command_id
    stored = await suppress(
        ask.services.bus,
        address,
        given.contact_list_id,
        given.reason,
        given.note,
        by=by,
        command_id=command_id,
    )
    target = suppression_id(by.tenant_id, address, given.contact_list_id, given.reason)
    return stored if isinstance(stored, Refusal) else Sent(stored, {"target": target})


async def _lift(sending: Sending) -> Sent | Refusal:
    command = await sending.command(LiftSuppression)
    row = await sending.ask.row(Suppressions, command.id)
    if row is not None and row.reason is SuppressionReason.UNSUBSCRIBE:
        # What a contact has said stands with the contact, where no suppression can be found.
        return OnlyThePersonLifts(field="id")
    return await sending.send(command)


def _key(email: str) -> str:
    try:
        return address_key(email)
    except Invalid as error:
        raise Invalid(field="email", reason=str(error.facts["reason"])) from None


@strawberry.type
class Query:
    suppression = _suppressions.by_id("A suppression by id.")
    suppressions = _suppressions.list("What is suppressed, by pages.")

    @field(
        "For what an address is suppressed, the oldest first, by pages.",
        Connection[Suppression],
        needs=CONFIDENTIAL,
    )
    async def suppressions_of_address(
        self,
        info: Info,
        email: Annotated[str, argument("The complete e-mail address.")],
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> Connection[SuppressionRow]:
        ask = info.context
        await ask.caught_up(Suppressions, after_position)
        try:
            address = ask.services.codec.fingerprint(EMAIL_INDEX, address_key(email))
        except Invalid:
            address = ""
        return await connect(
            ask,
            Suppressions,
            where=conditions.equals("address", address),
            order=Order("created_at"),
            wanted=PageRequest(first=first, after=after),
        )


@strawberry.type
class Mutation:
    suppress_address = _suppressions.request(
        SuppressAddressInput, _suppress, "Write to an address no more, whoever has it."
    )
    lift_suppression = _suppressions.mutation(LiftSuppression, send=_lift)
