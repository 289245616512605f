"""How much mail an address and a tenant may cause within a day, and who wants none: counted by fingerprints."""

import hmac
from dataclasses import dataclass
from uuid import UUID

from app.mail.links import MailedLinks
from app.mail.mailed_tokens import OPT_OUT, MailedTokens
from app.storage.database import Pool
from domain.kit.process.sealed_mailer import MailKind

_ADMIT = "select mail.admit($1, $2, $3, $4, $5, $6, $7)"
_OPT_OUT = "insert into mail.opt_outs (recipient) values ($1) on conflict do nothing"
_OPT_IN = "delete from mail.opt_outs where recipient = $1"
_IS_OUT = "select exists (select from mail.opt_outs where recipient = $1)"
_NO_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class MailLimit:
    """How many mails of a kind one address gets, and one tenant causes, within 24 hours."""

    per_recipient: int
    per_tenant: int


def limits(*, invitations: int) -> dict[MailKind, MailLimit]:
    """The limits of each kind; ``invitations``: of one tenant."""
    return {
        MailKind.ACCOUNT: MailLimit(20, _NO_LIMIT),
        MailKind.GREETING: MailLimit(5, _NO_LIMIT),
        # One when the account is opened, and those that are asked for: see `throttle.VERIFICATION`.
        MailKind.VERIFICATION: MailLimit(5, _NO_LIMIT),
        MailKind.SUBSCRIPTION: MailLimit(5, 10_000),
        MailKind.SENDER: MailLimit(5, 50),
        MailKind.INVITATION: MailLimit(5, invitations),
        MailKind.NOTIFICATION: MailLimit(200, 10_000),
    }


class CountedAllowance:
    """The port `sealed_mailer.Allowance`, in the platform's database, where all tenants' mails are counted."""

    def __init__(
        self, pool: Pool, key: str, *, limits: dict[MailKind, MailLimit], links: MailedLinks
    ) -> None:
        """``key``: 64 hexadecimal digits, such as ``settings.derive("mail recipients")``."""
        self._pool, self._key, self._limits, self._links = pool, bytes.fromhex(key), limits, links

    async def refusal(self, address: str, *, kind: MailKind, tenant_id: UUID, key: UUID) -> str:
        limit = self._limits[kind]
        found: str = await self._pool.fetchval(
            _ADMIT,
            key,
            kind.value,
            self._fingerprint("recipient", address.lower()),
            self._fingerprint("sender", tenant_id.hex),
            limit.per_recipient,
            limit.per_tenant,
            kind is MailKind.ACCOUNT,
        )
        return found

    def opt_out_link(self, address: str) -> str:
        return self._links.opt_out(self._fingerprint("recipient", address.lower()))

    def _fingerprint(self, what: str, text: str) -> UUID:
        digest = hmac.digest(self._key, f"{what}\0{text}".encode(errors="replace"), "sha256")
        return UUID(bytes=digest[:16])


class OptOuts:
    """Who wants no mail that others cause; a mailed token says whose address it is about, and shows none."""

    def __init__(self, pool: Pool, mailed: MailedTokens) -> None:
        self._pool, self._mailed = pool, mailed

    async def is_out(self, token: str) -> bool | None:
        """Whether the address has opted out; None for a token that is none."""
        said = self._mailed.read(token, OPT_OUT)
        return None if said is None else bool(await self._pool.fetchval(_IS_OUT, said.id))

    async def change(self, token: str, *, out: bool) -> bool:
        """Opts an address out, or in again. False for a token that is none."""
        said = self._mailed.read(token, OPT_OUT)
        if said is not None:
            await self._pool.execute(_OPT_OUT if out else _OPT_IN, said.id)
        return said is not None
