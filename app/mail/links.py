"""The secret links in mails."""

from uuid import UUID

from app.auth.secrets import INVITE, RESET, VERIFY, MailedTokens
from app.settings import Settings
from domain.processes.letters import Link


class MailedLinks:
    """`domain.processes.mails.Links`: the token is the fragment, which browsers send to no server and no log."""

    def __init__(self, settings: Settings, tokens: MailedTokens) -> None:
        self._base = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
        self._tokens = tokens

    def verification(self, id: UUID) -> Link:
        """See the port."""
        return self._link("verify-email", self._tokens.of(VERIFY, id))

    def password_reset(self, id: UUID) -> Link:
        """See the port."""
        return self._link("reset-password", self._tokens.of(RESET, id))

    def invitation(self, id: UUID, tenant_id: UUID) -> Link:
        """See the port."""
        return self._link("accept-invitation", self._tokens.of(INVITE, id, tenant_id))

    def _link(self, page: str, token: str) -> Link:
        return Link(url=f"{self._base}/{page}#token={token}", token=token)
