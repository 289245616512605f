"""Mail to people whose addresses are sealed: each is opened just before the mail leaves, if it still can be."""

from uuid import UUID

from domain.kit.mail import Mail, Mailer, RecipientRefused
from domain.kit.sealed import ERASED, Opening


class Post:
    """Sends mail to sealed addresses."""

    def __init__(self, mailer: Mailer, opening: Opening) -> None:
        self._mailer = mailer
        self._opening = opening

    async def send(self, tenant_id: UUID, *, to: str, subject: str, text: str, key: UUID) -> str:
        """Sends to the address that was sealed in this tenant, once for each ``key``; in a word, what came of it.

        Somebody who was erased gets nothing, nor does an address that the server refuses for good: neither is
        helped by another try. Whatever else fails rises.
        """
        (address,) = await self._opening.open(tenant_id, [to])
        if address == ERASED:
            return "erased"
        try:
            await self._mailer.send(Mail(to=address, subject=subject, text=text), key=key)
        except RecipientRefused as refused:
            return f"refused: {refused}"
        return "sent"
