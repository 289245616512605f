"""A tenant with people in it, made by commands on the real log."""

from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

from api.kit.schema.context import Services
from domain.identity.authorization import BaseRole
from domain.identity.registration import RegisterUser
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.permissions import ROLES
from domain.kit.refusals import Refusal
from projections.identity.member_access import MemberAccess, standing

R = TypeVar("R", bound=Refusal)


@dataclass
class Company:
    """A tenant that only one test uses."""

    services: Services
    tenant: UUID = field(default_factory=uuid4)

    def caller(self, role: str = "owner", user: UUID | None = None) -> Caller:
        """Somebody of the tenant, with a role's permissions."""
        return Caller(tenant_id=self.tenant, user_id=user or uuid4(), permissions=ROLES[role])

    async def person(self, role: BaseRole = BaseRole.MEMBER, email: str | None = None) -> UUID:
        """The id of somebody new."""
        id = uuid4()
        register = RegisterUser(id=id, email=email or f"{id.hex}@example.com", first_name="Anna", role=role)
        await self.done(register)
        return id

    async def send(self, command: Command, by: Caller | None = None) -> AppendReceipt | Refusal:
        """What comes of a command; an owner sends it unless somebody is named."""
        return await self.services.bus.send(command, by=by or self.caller())

    async def done(self, command: Command, by: Caller | None = None) -> AppendReceipt:
        """The receipt of a command that must not be refused."""
        outcome = await self.send(command, by)
        assert isinstance(outcome, AppendReceipt), outcome
        return outcome

    async def refused(self, command: Command, refusal: type[R], by: Caller | None = None) -> R:
        """The refusal of a command that must be refused for this reason."""
        outcome = await self.send(command, by)
        assert isinstance(outcome, refusal), outcome
        return outcome

    async def standing(self, user: UUID) -> MemberAccess | None:
        """How somebody stands."""
        return await standing(self.services.rows, self.tenant, user)

    async def permissions(self, user: UUID) -> frozenset[str]:
        """What somebody may do who is known."""
        found = await self.standing(user)
        assert found is not None
        return found.permissions
