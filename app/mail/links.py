"""The links in mails, most of them secret."""

from uuid import UUID

from app.mail.mailed_tokens import (
    CONFIRM,
    INVITE,
    OPT_OUT,
    PREFERENCES,
    RESET,
    SENDER,
    UNSUBSCRIBE,
    VERIFY,
    MailedTokens,
)
from app.settings import Settings
from domain.processes.account_mails import Links
from domain.processes.contacts.sender_mails import SenderLinks
from domain.processes.contacts.subscription_mails import SubscriptionLinks
from domain.processes.mail_templates import Link
from domain.processes.notification_mails import LinkPlaces


class MailedLinks(Links, LinkPlaces, SubscriptionLinks, SenderLinks):
    """Pages of the product itself (ADR 29), each with its token in the query.

    A page that works without scripts cannot read a fragment. The product logs no query, sends no referrer and lets
    nobody keep the page; and what opening a link does is to show a form.
    """

    def __init__(self, settings: Settings, tokens: MailedTokens) -> None:
        self._base = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
        self._tokens = tokens

    def verification(self, id: UUID) -> Link:
        return self._link("verify-email", self._tokens.of(VERIFY, id))

    def password_reset(self, id: UUID) -> Link:
        return self._link("reset-password", self._tokens.of(RESET, id))

    def invitation(self, id: UUID, tenant_id: UUID) -> Link:
        return self._link("accept-invitation", self._tokens.of(INVITE, id, tenant_id))

    def task(self, id: UUID) -> str:
        """No secret, as it shows nothing."""
        return f"{self._base}/task?id={id}"

    def opt_out(self, recipient: UUID) -> str:
        """Where somebody forbids mail; ``recipient`` is the fingerprint of the address."""
        return self._link("mail-opt-out", self._tokens.of(OPT_OUT, recipient)).url

    def confirmation(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID) -> Link:
        token = self._tokens.of(CONFIRM, contact_id, tenant_id, contact_list_id)
        return self._link("confirm-subscription", token)

    def sender_verification(self, tenant_id: UUID, sender_id: UUID, verification_id: UUID) -> Link:
        return self._link("verify-sender", self._tokens.of(SENDER, sender_id, tenant_id, verification_id))

    def preferences(self, tenant_id: UUID, contact_id: UUID) -> str:
        return self._link("preferences", self._tokens.of(PREFERENCES, contact_id, tenant_id)).url

    def unsubscribe(self, tenant_id: UUID, contact_id: UUID, contact_list_id: UUID | None) -> str:
        return self._link(
            "unsubscribe", self._tokens.of(UNSUBSCRIBE, contact_id, tenant_id, contact_list_id)
        ).url

    def _link(self, page: str, token: str) -> Link:
        return Link(url=f"{self._base}/{page}?token={token}", token=token)
