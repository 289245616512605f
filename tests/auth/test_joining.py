"""Joining tenants: by founding one, by an invitation, by API keys; and what a kill in between leaves."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from app.auth.company_registration import tenant_of
from app.auth.tenant_services import Home
from app.entry.assembly import assembled
from app.mail.mailed_tokens import INVITE, MailedTokens
from app.storage.database import Connection
from domain.identity.account_commands import OpenAccount
from domain.kit.log import AppendReceipt
from tests.auth.people import PASSWORD, Person, post, proved, refusal, registered
from tests.kit.product import Product

TASKS = "{ tasks(first: 1) { totalCount } }"
INVITE_USER = """mutation($i: InviteUserInput!) { inviteUser(input: $i) {
  __typename ... on Refused { code message field } } }"""
ACCEPT = """mutation($i: AcceptInvitationInput!) { acceptInvitation(input: $i) {
  __typename ... on SignedIn { accessToken tenantId accountId } ... on Refused { code field } } }"""
SWITCH = """mutation($t: ID!) { switchTenant(tenantId: $t) {
  __typename ... on SignedIn { accessToken tenantId } ... on Refused { code } } }"""


async def test_a_company_whose_making_was_interrupted_is_there_at_the_next_signing_in(
    product: Product, owner: Connection
) -> None:
    """However far it came before the kill: the number is how many steps in the tenant were done by then."""
    for steps in range(3):
        email, slug = f"{uuid4().hex}@example.com", f"late-{uuid4().hex}"
        async with assembled(product.settings) as place:
            book, founding = place.sign_in.founding.book, place.sign_in.founding
            opened = OpenAccount(
                id=uuid4(),
                email=email,
                first_name="Ada",
                password_hash=await place.sign_in.passwords.hash(PASSWORD),
                tenant_name="Late",
                tenant_slug=slug,
            )
            assert isinstance(await book.send(opened, by=opened.id), AppendReceipt)
            account = await book.account(opened.id)
            assert account is not None
            place.sign_in.homes.reach = _dying(place.services, steps)
            finishing = asyncio.create_task(founding.finish(account))
            await asyncio.wait({finishing})
            assert isinstance(finishing.exception(), _Killed)
        person = Person(product.http, email, {})
        given = (await person.sign_in()).json()
        assert given["tenantId"] == str(tenant_of(opened.id))
        client = Person(product.http, email, given).client
        assert (await client.post(TASKS)).json()["data"]["tasks"]["totalCount"] == 0
        founded = "select count(*) from es.events where tenant_id = $1 and type = $2"
        for kind in ("tenancy.tenant.created", "identity.user.registered"):
            assert await owner.fetchval(founded, UUID(given["tenantId"]), kind) == 1


ME = "{ me { id name email emailVerified role isMember profile { bio } roles { nodes { role { name } } } } }"


async def test_who_belongs_to_no_company_is_told_what_they_are(product: Product) -> None:
    ada, other = await registered(product, company=False), await registered(product)
    me = {
        "id": str(ada.id),
        "name": "Ada",
        "email": ada.email,
        "emailVerified": False,
        "role": "GUEST",
        "isMember": False,
        "profile": None,
        "roles": {"nodes": []},
    }
    assert (await ada.client.post(ME)).json()["data"] == {"me": me}
    await proved(product, ada)
    assert (await ada.client.post(ME)).json()["data"] == {"me": {**me, "emailVerified": True}}
    others = "query($id: ID!) { user(id: $id) { name } users { totalCount } }"
    for id in (str(ada.id), str(other.id)):
        assert (await ada.client.post(others, {"id": id})).json()["data"] == {
            "user": None,
            "users": {"totalCount": 0},
        }
    for document in (TASKS, "{ tenant { name } }"):
        error = (await ada.client.post(document)).json()["errors"][0]
        assert error["extensions"]["code"] == "FORBIDDEN"
    events = "{ users { nodes { events { nodes { action } } } } }"
    assert (await ada.client.post(events)).json()["data"] == {"users": {"nodes": []}}


async def test_an_invitation_makes_an_account_that_belongs(product: Product) -> None:
    ada = await registered(product)
    email, token = await invited(product, ada)
    values = {"token": token, "password": PASSWORD, "firstName": "Ben"}
    joined = await accepted(product, values)
    assert joined["tenantId"] == ada.given["tenantId"]
    again = await accepted(product, values)
    assert again["__typename"] == "Refused" or again["accountId"] == joined["accountId"]
    ben = Person(product.http, email, {})
    assert (await ben.sign_in()).json()["accountId"] == joined["accountId"]


async def test_who_has_an_account_must_show_that_it_is_his(product: Product) -> None:
    ada, ben = await registered(product), await registered(product)
    _, token = await invited(product, ada, ben.email)
    stolen = await accepted(product, {"token": token, "password": "wrong password", "firstName": "Eve"})
    assert stolen["code"] == "sign_in_refused"
    joined = await accepted(product, {"token": token, "password": ben.password})
    assert (joined["accountId"], joined["tenantId"]) == (str(ben.id), ada.given["tenantId"])


async def test_who_is_signed_in_joins_without_a_password_and_switches(product: Product) -> None:
    ada, ben = await registered(product), await registered(product)
    _, token = await invited(product, ada, ben.email)
    answer = (await ben.client.post(ACCEPT, {"i": {"token": token}})).json()["data"]["acceptInvitation"]
    assert answer["tenantId"] == ada.given["tenantId"]
    back = (await ben.client.post(SWITCH, {"t": ben.given["tenantId"]})).json()["data"]["switchTenant"]
    assert back["tenantId"] == ben.given["tenantId"]
    there = (await ben.client.post(SWITCH, {"t": ada.given["tenantId"]})).json()["data"]["switchTenant"]
    assert there["tenantId"] == ada.given["tenantId"]
    elsewhere = (await ben.client.post(SWITCH, {"t": str(uuid4())})).json()["data"]["switchTenant"]
    assert elsewhere["code"] == "not_in_tenant"


async def test_a_forged_invitation_is_refused(product: Product) -> None:
    ada = await registered(product)
    _, token = await invited(product, ada)
    _, tenant, id, _ = token.split(".")
    forged = MailedTokens("cd" * 32).of(INVITE, UUID(hex=id), UUID(hex=tenant))
    other_tenant = f"invite.{uuid4().hex}.{id}.{token.rsplit('.', 1)[1]}"
    for bad in (forged, other_tenant, token[:-1], "", "invite.x.y.z"):
        answer = await accepted(product, {"token": bad, "password": PASSWORD, "firstName": "Eve"})
        assert answer["code"] == "invitation_not_valid"


async def test_nobody_may_register_in_place_of_another(product: Product) -> None:
    ada = await registered(product)
    body = {"email": ada.email, "password": "of somebody else", "firstName": "Eve"}
    assert refusal(await post(product.http, "register", body)) == (409, "already_taken")
    assert (await ada.sign_in()).status_code == 200


async def invited(
    product: Product, by: Person, email: str | None = None, role: str = "MEMBER"
) -> tuple[str, str]:
    """The address and the token of somebody who was invited; the mail would bring the token."""
    await proved(product, by)
    id, email = uuid4(), email or f"{uuid4().hex}@example.com"
    answer = (await by.client.post(INVITE_USER, {"i": {"id": str(id), "email": email, "role": role}})).json()
    assert "errors" not in answer, answer
    assert answer["data"]["inviteUser"]["__typename"] != "Refused", answer
    mailed = MailedTokens(product.settings.derive("mailed tokens"))
    return email, mailed.of(INVITE, id, UUID(by.given["tenantId"]))


async def accepted(product: Product, values: dict[str, str]) -> dict[str, Any]:
    body = {"query": ACCEPT, "variables": {"i": values}}
    answer = (await product.http.post("/graphql", json=body)).json()
    found: dict[str, Any] = answer["data"]["acceptInvitation"]
    return found


class _Killed(BaseException):
    """What ends a process at a step."""


def _dying(home: Home, steps: int) -> Any:
    """A way to the tenant's home on which the process dies after so many commands."""
    left = [steps]

    class Dying:
        rows, opening, codec = home.rows, home.opening, home.codec

        class bus:
            @staticmethod
            async def send(*arguments: Any, **named: Any) -> Any:
                if not left[0]:
                    raise _Killed
                left[0] -= 1
                outcome = await home.bus.send(*arguments, **named)
                if not left[0]:
                    raise _Killed
                return outcome

    async def reach(tenant_id: UUID) -> Any:
        return Dying

    return reach
