"""Mail feedback: where a provider says that no mail will arrive, or that its reader wants none, none is sent."""

from domain.campaigns.contacts.suppressions import (
    SuppressAddress,
    SuppressAgain,
    SuppressionReason,
    suppression_id,
)
from domain.gateway.callbacks.mail_notices import MailNotice, MailOutcome
from domain.gateway.events import OutsideEvent
from domain.kit.log import Envelope
from domain.kit.process.effects import Failed, Send, Then
from domain.kit.process.process import Process, Stateless, on, when_failed


class MailFeedback(Process[Stateless], name="campaigns.mail_feedback", version=1):
    """Suppresses an address for whatever is sent, also one that no contact has: it may be imported later."""

    @on(OutsideEvent.MailTold)
    def told(
        self, state: Stateless | None, event: OutsideEvent.MailTold, envelope: Envelope | None
    ) -> Then[Stateless]:
        reason = reason_of(event.mail)
        if reason is None or not event.mail.address or envelope is None:
            return Then(None)
        id = suppression_id(envelope.tenant_id, event.mail.address, None, reason)
        suppress = SuppressAddress(
            id=id, address=event.mail.address, reason=reason, note=f"{event.provider} has said so."
        )
        return Then(None, Send(suppress))

    @when_failed(SuppressAddress)
    def suppressed_before(self, state: Stateless | None, failed: Failed[SuppressAddress]) -> Then[Stateless]:
        """It holds, or was lifted by hand, and the provider has found the same again."""
        return Then(None, Send(SuppressAgain(id=failed.action.id, note=failed.action.note)))


def reason_of(notice: MailNotice) -> SuppressionReason | None:
    """Why an address is to be suppressed after this; None where it is not. One complaint is enough."""
    match notice.outcome:
        case MailOutcome.BOUNCED if notice.permanent:
            return SuppressionReason.HARD_BOUNCE
        case MailOutcome.COMPLAINED:
            return SuppressionReason.COMPLAINT
        case MailOutcome.UNSUBSCRIBED:
            return SuppressionReason.UNSUBSCRIBE
        case _:
            return None
