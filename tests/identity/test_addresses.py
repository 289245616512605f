"""On the real log: who holds an address in a tenant, and when it is free again."""

from uuid import uuid4

from api.kit.schema.context import Services
from domain.identity.authorization import BaseRole
from domain.identity.invitations import AcceptInvitation, InvitationNotValid, InviteUser
from domain.identity.registration import RegisterUser
from domain.identity.roles import ChangeRole, CreateRole, DeleteRole
from domain.identity.user_commands import ChangeUserEmail, DeleteUser, EraseUser, RemoveUser
from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyTaken
from tests.identity.company import Company
from tests.identity.people import HASH


def newcomer(email: str) -> RegisterUser:
    return RegisterUser(id=uuid4(), email=email, first_name="Anna")


async def test_a_changed_address_is_taken_and_the_old_one_free(services: Services) -> None:
    company = Company(services)
    user = await company.person(email="old@example.com")
    await company.done(ChangeUserEmail(id=user, email="new@example.com"))
    await company.refused(newcomer("NEW@example.com"), AlreadyTaken)
    await company.done(newcomer("old@example.com"))
    await company.refused(ChangeUserEmail(id=user, email="old@example.com"), AlreadyTaken)


async def test_an_address_may_change_back_and_forth(services: Services) -> None:
    company = Company(services)
    user = await company.person(email="one@example.com")
    for email in ("two@example.com", "one@example.com", "one@example.com"):
        await company.done(ChangeUserEmail(id=user, email=email))
    await company.refused(newcomer("one@example.com"), AlreadyTaken)


async def test_another_tenant_has_addresses_of_its_own(services: Services) -> None:
    await Company(services).person(email="same@example.com")
    await Company(services).person(email="same@example.com")


async def test_who_was_removed_keeps_his_address_and_who_was_deleted_or_erased_does_not(
    services: Services,
) -> None:
    company = Company(services)
    gone = {name: await company.person(email=f"{name}@example.com") for name in ("out", "del", "gdpr")}
    await company.done(RemoveUser(id=gone["out"]))
    await company.done(DeleteUser(id=gone["del"]))
    await company.done(EraseUser(id=gone["gdpr"]))
    await company.refused(newcomer("out@example.com"), AlreadyTaken)
    await company.done(newcomer("del@example.com"))
    await company.done(newcomer("gdpr@example.com"))


async def test_an_invitation_is_accepted_once_whoever_tries(services: Services) -> None:
    company, invitation = Company(services), uuid4()
    invite = InviteUser(id=invitation, email="eve@example.com", role=BaseRole.GUEST, token_hash=HASH)
    inviter = await company.person(BaseRole.OWNER)
    await company.done(invite, company.caller("owner", inviter))
    outcomes = [
        await company.send(
            AcceptInvitation(
                id=id,
                invitation_id=invitation,
                inviter_id=inviter,
                token_hash=HASH,
                email=email,
                first_name="Eve",
            ),
            company.caller("guest", id),
        )
        for id, email in ((uuid4(), "eve@example.com"), (uuid4(), "mallory@example.com"))
    ]
    assert [type(outcome) for outcome in outcomes] == [AppendReceipt, InvitationNotValid]


async def test_the_name_of_a_role_is_used_once_in_a_tenant(services: Services) -> None:
    company, role = Company(services), uuid4()
    await company.done(CreateRole(id=role, name="Reader", permissions=()))
    # Nobody sees a difference in case, in width, or in characters without a shape.
    for same in ("READER", "Rea\u00adder", "Reader\u200b", "\u2060Reader", "\uff32eader"):
        await company.refused(CreateRole(id=uuid4(), name=same, permissions=()), AlreadyTaken)
    await company.refused(CreateRole(id=uuid4(), name="Admin\u200b", permissions=()), AlreadyTaken)
    await company.done(ChangeRole(id=role, name="reader", permissions=()))
    await company.done(ChangeRole(id=role, name="Writer", permissions=()))
    await company.done(CreateRole(id=uuid4(), name="Reader", permissions=()))
    await company.done(DeleteRole(id=role))
    await company.done(CreateRole(id=uuid4(), name="Writer", permissions=()))
    await Company(services).done(CreateRole(id=uuid4(), name="Reader", permissions=()))
