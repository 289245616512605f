"""Accounts: found by address or identity, their sealed fields opened, their commands sent."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from app.storage.database import Pool
from domain.identity.accounts import EMAIL, PROVIDER, Account, normal_address
from domain.identity.email_verifications import EmailVerification
from domain.identity.password_resets import PasswordReset
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.codec import Codec
from domain.kit.commands import Command
from domain.kit.log import GLOBAL, AppendReceipt, Log
from domain.kit.refusals import Refusal
from domain.kit.sealed import Opening, resembles_sealed
from projections.identity.auth_accounts import AccountRow, Accounts
from projections.kit.read.postgres_reader import PostgresRows

_HOLDER = """
select originator_id from es.reservations where scope_id = $1 and name = $2 and value = $3
"""


class AccountRepository:
    """Reads and writes accounts."""

    def __init__(
        self, *, pool: Pool, rows: PostgresRows, bus: Bus, log: Log, codec: Codec, opening: Opening
    ) -> None:
        self._pool, self._log, self._codec = pool, log, codec
        self._repository = Repository(log, codec)
        self.rows, self.bus, self.opening = rows, bus, opening

    async def by_email(self, email: str) -> AccountRow | None:
        """The account with this address; as much is asked of the database when there is none."""
        return await self.account(await self.id_of(email) or uuid4())

    async def id_of(self, email: str) -> UUID | None:
        """The id of the account with this address."""
        return await holder(self._pool, self._codec, email)

    async def by_identity(self, identity: str) -> AccountRow | None:
        """The account that a provider of identities knows under this hash."""
        found = await self._pool.fetchval(_HOLDER, GLOBAL, PROVIDER, identity)
        return await self.account(found or uuid4())

    async def account(self, id: UUID) -> AccountRow | None:
        """The account with this id."""
        return (await self.rows.get(Accounts, ACCOUNTS, [(id,)])).get((id,))

    async def version(self, id: UUID) -> int:
        """The version at which an account stands."""
        _, last = await self._log.position_of(ACCOUNTS, id, 0)
        return last

    async def fresh(self, id: UUID) -> AccountRow:
        """An account to which something was appended just now."""
        account = await self.account(id)
        assert account is not None, "an inline view has what was just appended"
        return account

    async def reserved(self, name: str, value: str) -> bool:
        """Whether somebody holds a value that is unique over all tenants."""
        return await self._pool.fetchval(_HOLDER, GLOBAL, name, value) is not None

    async def opened(self, *texts: str, tenant_id: UUID = ACCOUNTS) -> list[str]:
        """Sealed texts in plain."""
        return await self.opening.open(tenant_id, texts)

    async def verification_of(self, id: UUID) -> UUID | None:
        """Whose address the asking with this id is to prove."""
        stream = (await self._log.streams(ACCOUNTS, [id])).get(id)
        first = self._codec.decode(stream[0]) if stream else None
        return first.account_id if isinstance(first, EmailVerification.Requested) else None

    async def is_good(self, id: UUID) -> bool:
        """Whether a mailed link that stands in the log under this id can be followed now; it is not used up."""
        request = (await self._repository.get(ACCOUNTS, [id], fresh=True)).get(id)
        if not isinstance(request, EmailVerification | PasswordReset):
            return False
        account = (await self._repository.get(ACCOUNTS, [request.account_id], fresh=True)).get(
            request.account_id
        )
        return (
            isinstance(account, Account) and not account.ended and request.is_good(account, datetime.now(UTC))
        )

    async def send(
        self,
        command: Command,
        *,
        by: UUID,
        tenant_id: UUID = ACCOUNTS,
        command_id: UUID | None = None,
        expected_version: int | None = None,
    ) -> AppendReceipt | Refusal:
        """Send a command that concerns this person, as they would themselves."""
        caller = Caller(tenant_id=tenant_id, user_id=by, permissions=frozenset({"self"}))
        return await self.bus.send(
            command, by=caller, command_id=command_id, expected_version=expected_version
        )


async def holder(pool: Pool, codec: Codec, email: str) -> UUID | None:
    """The id of the account with this address; as much is asked of the database when there is none."""
    address = normal_address(email)
    # A sealed text stands for the fingerprint that it carries: who knew one could spell an address in many
    # ways, and each would have attempts of its own.
    value = "" if resembles_sealed(address) else codec.fingerprint(EMAIL, address)
    found: UUID | None = await pool.fetchval(_HOLDER, GLOBAL, EMAIL, value)
    return found
