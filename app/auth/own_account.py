"""Who is signed in and belongs to no tenant, out of their account."""

from uuid import UUID

from app.auth.account_repository import AccountRepository
from domain.identity.authorization import BaseRole
from projections.identity.unattached import UnattachedRow


class OwnAccounts:
    """The application's `projections.identity.unattached.Unattached`."""

    def __init__(self, book: AccountRepository) -> None:
        self._book = book

    async def find(self, user_id: UUID) -> UnattachedRow | None:
        """The person, as `me` shows them."""
        account = await self._book.account(user_id)
        if account is None:
            return None
        email, first_name, last_name = await self._book.opened(
            account.email, account.first_name, account.last_name
        )
        return UnattachedRow(
            id=account.id,
            email=email,
            first_name=first_name,
            last_name=last_name,
            role=BaseRole.GUEST,
            is_member=False,
            created_at=account.created_at,
            email_verified=account.email_verified,
        )
