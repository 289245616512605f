"""How the tokens of invitations are made: from a key, so that mail and API agree on them and nobody keeps them."""

from uuid import UUID

from app.auth.secrets import INVITE, MailedTokens, hash_of
from app.settings import Settings
from domain.identity.invitations import InvitationTokens


def made(settings: Settings) -> InvitationTokens:
    """What inviting somebody takes besides the command."""
    tokens = MailedTokens(settings.derive("mailed tokens"))

    def hashed(id: UUID, tenant_id: UUID) -> str:
        return hash_of(tokens.of(INVITE, id, tenant_id))

    return InvitationTokens(hashed=hashed)
