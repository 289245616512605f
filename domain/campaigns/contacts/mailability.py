"""May contacts be written to? The one answer that whoever sends asks for, at every send."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

EMAIL = "marketing.email"
"""The purpose for which contacts are written to."""


class MailRefusal(StrEnum):
    """Why a contact may not be written to."""

    GONE = "gone"
    """The contact is not there any more."""
    SUPPRESSED = "suppressed"
    """The address is suppressed, for the list or for all."""
    NOT_SUBSCRIBED = "not_subscribed"
    """The contact is not on the list, or has left it."""
    NOT_CONFIRMED = "not_confirmed"
    """The contact has not confirmed yet that they want it."""
    NO_CONSENT = "no_consent"
    """Consent was withdrawn, or was never given where nothing is sent to a list."""


@runtime_checkable
class Mailability(Protocol):
    """Say whether contacts may be written to at this moment, by what is never behind."""

    async def refusals(
        self,
        tenant_id: UUID,
        contact_ids: Collection[UUID],
        *,
        contact_list_id: UUID | None = None,
        purpose: str = EMAIL,
    ) -> Mapping[UUID, MailRefusal | None]:
        """Why each of them may not be written to, None where they may; in one statement for all of them.

        ``contact_list_id``: what is sent goes to this list. Without it the purpose must have been consented to.
        """
        ...

    async def of_each(
        self, tenant_id: UUID, at_least: int, questions: Sequence[tuple[UUID, UUID | None]]
    ) -> list[MailRefusal | None]:
        """The same of contacts with the list that is sent to, in order; it is never behind ``at_least``."""
        ...
