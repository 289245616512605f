"""Founding companies: what somebody registers with a name and a slug is made, however often that is begun."""

import logging
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID, uuid5

from app.auth.account_repository import AccountRepository
from app.auth.tenant_services import Homes
from app.auth.tokens.principals import Callers
from app.http.client_info import came_from
from domain.identity.account_commands import JoinTenant
from domain.identity.registration import RegisterFounder
from domain.kit.bus.checks import check
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.refusals import AlreadyTaken, CommandIdReused, Invalid, Refusal, require
from domain.operations.tenants import SLUG as PLACED_SLUG
from domain.tenancy.tenant_commands import CreateTenant
from domain.tenancy.tenants import SLUG
from projections.identity.auth_accounts import AccountRow


class TenantRegistrar(Protocol):
    """Notes where new tenants are."""

    async def adopt(self, tenant_id: UUID, name: str, slug: str) -> None:
        """Note one, which takes its slug over all places; may be called again. Raises AlreadyTaken for it."""
        ...

    async def retract(self, tenant_id: UUID) -> None:
        """Note that it was not made after all; its slug is free again, and it is never adopted any more."""
        ...


_logger = logging.getLogger(__name__)


class InNoRegistry:
    """For installations whose tenants all lie in one database."""

    async def adopt(self, tenant_id: UUID, name: str, slug: str) -> None:
        """See the protocol."""

    async def retract(self, tenant_id: UUID) -> None:
        """See the protocol."""


def tenant_of(account_id: UUID) -> UUID:
    """The id of the company that an account is opened with: the same, however often that is tried."""
    return uuid5(account_id, "tenant")


_FIELDS = {"name": "tenant_name", "slug": "tenant_slug"}
"""What whoever registers calls the fields of the command that makes a company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRegistration:
    """Makes the company that an account was opened with, in steps that may each be done again after a kill."""

    book: AccountRepository
    callers: Callers
    homes: Homes
    place: TenantRegistrar
    region: str

    def faults(self, account_id: UUID, name: str, slug: str) -> list[Refusal]:
        """What is wrong with what it is to be called."""
        try:
            check(self._create(tenant_of(account_id), name, slug))
        except Invalid as refusal:
            paths = [(_FIELDS.get(str(wrong.path[0]), wrong.path[0]), wrong) for wrong in refusal.violations]
            return [Invalid.of([replace(wrong, path=(field,)) for field, wrong in paths])]
        return []

    async def require_free(self, slug: str) -> None:
        """Raise AlreadyTaken for a slug that others have, before there is an account without its company."""
        # Those of tenants with a database of their own are held for the registry alone.
        for name_of_slug in (SLUG, PLACED_SLUG):
            if await self.book.reserved(name_of_slug, slug.strip()):
                raise AlreadyTaken(field="tenant_slug")

    async def finish(self, account: AccountRow) -> AccountRow:
        """The account with its company, if it was to have one; what was done before is not done again.

        A company whose slug was taken by others after a try that was killed is given up: the account stands alone.
        """
        try:
            return await self.found(account)
        except AlreadyTaken as refusal:
            _logger.warning("The company of account %s was not created: %s", account.id, refusal.code)
            return account

    async def found(self, account: AccountRow) -> AccountRow:
        """As `finish`. Raises AlreadyTaken, and leaves nothing of the company, when others have the slug."""
        tenant_id = tenant_of(account.id)
        if not account.tenant_slug or tenant_id in account.tenants:
            return account
        try:
            await self._found(account, tenant_id)
        except AlreadyTaken:
            raise
        except Refusal as refusal:
            _logger.warning("The company of account %s was not created: %s", account.id, refusal.code)
            return account
        self.callers.forget(tenant_id, account.id)
        return await self.book.account(account.id) or account

    async def _found(self, account: AccountRow, tenant_id: UUID) -> None:
        email, first_name, last_name = await self.book.opened(
            account.email, account.first_name, account.last_name
        )
        by = Caller(tenant_id=tenant_id, user_id=account.id, permissions=ROLES["owner"])
        try:
            await self.place.adopt(tenant_id, account.tenant_name, account.tenant_slug)
            bus = (await self.homes.of(tenant_id)).bus
            create = self._create(tenant_id, account.tenant_name, account.tenant_slug)
            require(await bus.send(create, by=by, command_id=uuid5(tenant_id, "create")))
        except AlreadyTaken as refusal:
            await self.place.retract(tenant_id)
            raise AlreadyTaken(field="tenant_slug") from refusal
        owner = RegisterFounder(
            id=account.id, email=email, first_name=first_name, last_name=last_name, **came_from()
        )
        outcome = await bus.send(owner, by=by, command_id=uuid5(tenant_id, "owner"))
        # A try before this one, which was killed, may have come from elsewhere.
        if not isinstance(outcome, CommandIdReused):
            require(outcome)
        joined = JoinTenant(id=account.id, tenant_id=tenant_id)
        require(await self.book.send(joined, by=account.id, command_id=uuid5(tenant_id, "joined")))

    def _create(self, tenant_id: UUID, name: str, slug: str) -> CreateTenant:
        return CreateTenant(id=tenant_id, name=name.strip(), slug=slug.strip(), region=self.region)
