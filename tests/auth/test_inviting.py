"""Who may invite whom, and whom an invitation brings in; over the API, with accounts."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.mail.mailed_tokens import INVITE, MailedTokens
from projections.identity.admission import Invitations
from projections.kit.store.tables import table_shape
from tests.auth.people import PASSWORD, Person, proved, registered
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR

ACCEPT = """mutation($i: AcceptInvitationInput!) { acceptInvitation(input: $i) {
  __typename ... on SignedIn { accessToken tenantId accountId } ... on Refused { code field } } }"""
ME = "{ me { id role isMember emailVerified email } }"


@pytest.fixture
async def ada(product: Product) -> Person:
    """The owner of a company, whose address is proved."""
    return await proved(product, await registered(product))


async def invite(by: Person, email: str, role: str = "MEMBER", id: UUID | None = None) -> Any:
    """The receipt or refusal of an invitation."""
    return await by.client.send("InviteUser", input={"id": str(id or uuid4()), "email": email, "role": role})


async def accept(product: Product, by: Person, invitation: str, **more: str) -> Any:
    """What comes of following an invitation's link; ``by`` is of the tenant that invites."""
    mailed = MailedTokens(product.settings.derive("mailed tokens"))
    token = mailed.of(INVITE, UUID(invitation), UUID(by.given["tenantId"]))
    values = {"token": token, "password": PASSWORD, "firstName": "Ben", **more}
    body = {"query": ACCEPT, "variables": {"i": values}}
    return (await product.http.post("/graphql", json=body)).json()["data"]["acceptInvitation"]


async def me(product: Product, given: Any) -> Any:
    """Who somebody is who has just accepted."""
    return (await Person(product.http, "", given).client.post(ME)).json()["data"]["me"]


def some_address() -> str:
    return f"{uuid4().hex}@example.com"


async def test_whose_address_is_not_proved_invites_nobody(product: Product) -> None:
    eve = await registered(product)
    assert (await invite(eve, some_address()))["code"] == "inviter_not_proved"
    values = {
        "name": "robot",
        "permissions": ["users:write", "users:read"],
        "expiresAt": IN_A_YEAR,
    }
    receipt = await eve.client.send("CreateApiKey", input=values)
    robot = replace(eve.client, token=receipt["key"]) if "key" in receipt else None
    assert robot is not None, receipt
    refused = await robot.send("InviteUser", input={"email": some_address(), "role": "GUEST"})
    assert refused["code"] == "inviter_not_proved"
    await proved(product, eve)
    assert "position" in await invite(eve, some_address())


async def test_a_tenant_invites_so_many_people_a_day(product: Product, ada: Person) -> None:
    most = product.settings.invitations_per_day
    last = uuid4()
    for number in range(most):
        receipt = await invite(ada, some_address(), id=last if number == most - 1 else None)
        assert "position" in receipt, receipt
    assert (await invite(ada, some_address()))["code"] == "too_many_invitations"


async def test_only_the_last_invitation_to_an_address_is_good(product: Product, ada: Person) -> None:
    email = some_address()
    first = (await invite(ada, email, "ADMIN"))["invitation"]["id"]
    second = (await invite(ada, email.upper()))["invitation"]["id"]
    assert (await accept(product, ada, first))["code"] == "invitation_not_valid"
    ben = await accept(product, ada, second)
    assert (await me(product, ben))["role"] == "MEMBER"
    await ada.client.send("RemoveUser", input={"id": ben["accountId"]})
    for old in (first, second):
        again = await accept(product, ada, old)
        assert again.get("tenantId") is None, again


async def test_sent_again_it_is_the_same_invitation(product: Product, ada: Person) -> None:
    email = some_address()
    await invite(ada, email)
    variables = {"input": {"id": str(uuid4()), "email": email, "role": "GUEST"}, "commandId": str(uuid4())}
    receipt = await ada.client.send("InviteUser", **variables)
    assert await ada.client.send("InviteUser", **variables) == {**receipt, "repeated": True}


async def test_what_a_removed_admin_sent_is_over(product: Product, ada: Person) -> None:
    admin = await accept(product, ada, (await invite(ada, some_address(), "ADMIN"))["invitation"]["id"])
    boss = Person(product.http, "", admin)
    sent = (await invite(boss, some_address(), "ADMIN"))["invitation"]["id"]
    await ada.client.send("RemoveUser", input={"id": admin["accountId"]})
    assert (await accept(product, ada, sent))["code"] == "invitation_not_valid"


async def test_a_member_is_not_invited(product: Product, ada: Person) -> None:
    ben = await registered(product)
    id = (await invite(ada, ben.email))["invitation"]["id"]
    await accept(product, ada, id, password=ben.password)
    refused = await invite(ada, ben.email)
    assert (refused["code"], refused["field"]) == ("user_is_a_member", "email")


async def test_who_was_registered_is_invited_and_joins_as_that_person(product: Product, ada: Person) -> None:
    email, id = some_address(), str(uuid4())
    await ada.client.send("RegisterUser", input={"id": id, "email": email, "firstName": "Ben"})
    sent = (await invite(ada, email, "ADMIN"))["invitation"]["id"]
    ben = await accept(product, ada, sent)
    assert ben["accountId"] == id, ben
    assert await me(product, ben) == {
        "id": id,
        "role": "ADMIN",
        "isMember": True,
        "emailVerified": True,
        "email": email,
    }


@pytest.mark.parametrize("known", ["registered", "given to another"])
async def test_who_has_an_account_takes_the_address_that_is_theirs(
    product: Product, ada: Person, known: str
) -> None:
    ben, id = await registered(product), str(uuid4())
    email = ben.email if known == "registered" else some_address()
    await ada.client.send("RegisterUser", input={"id": id, "email": email, "firstName": "Ben"})
    if known != "registered":
        changed = await ada.client.send("ChangeUserEmail", input={"id": id, "email": ben.email})
        assert "position" in changed, changed
    sent = (await invite(ada, ben.email))["invitation"]["id"]
    joined = await accept(product, ada, sent, password=ben.password)
    found = await me(product, joined)
    assert (found["id"], found["email"], found["isMember"]) == (str(ben.id), ben.email, True)


async def test_who_was_deleted_is_invited_again(product: Product, ada: Person) -> None:
    ben = await registered(product)
    first = (await invite(ada, ben.email))["invitation"]["id"]
    await accept(product, ada, first, password=ben.password)
    await ada.client.send("DeleteUser", input={"id": str(ben.id)})
    second = (await invite(ada, ben.email, "ADMIN"))["invitation"]["id"]
    joined = await accept(product, ada, second, password=ben.password)
    found = await me(product, joined)
    assert (found["role"], found["isMember"], found["email"]) == ("ADMIN", True, ben.email)


async def test_a_deletion_is_taken_back(product: Product, ada: Person) -> None:
    ben = await registered(product)
    first = (await invite(ada, ben.email))["invitation"]["id"]
    await accept(product, ada, first, password=ben.password)
    await ada.client.send("DeleteUser", input={"id": str(ben.id)})
    back = await ada.client.send("ReactivateUser", input={"id": str(ben.id)})
    assert (back["user"]["status"], back["user"]["isMember"]) == ("ACTIVE", True), back
    refused = await invite(ada, ben.email)
    assert refused["code"] == "user_is_a_member"


async def test_nobody_suspended_comes_back_by_an_invitation(product: Product, ada: Person) -> None:
    email, id = some_address(), str(uuid4())
    await ada.client.send("RegisterUser", input={"id": id, "email": email, "firstName": "Ben"})
    sent = (await invite(ada, email))["invitation"]["id"]
    await ada.client.send("SuspendUser", input={"id": id})
    assert (await accept(product, ada, sent))["code"] == "user_is_a_member"
    # Nor is an account left that belongs nowhere.
    assert (await Person(product.http, email, {}).sign_in()).status_code == 401


async def test_who_has_just_joined_is_somebody_to_themselves_while_no_worker_runs(
    product: Product, ada: Person
) -> None:
    email = some_address()
    sent = (await invite(ada, email))["invitation"]["id"]
    await product.worker.pause()
    try:
        ben = await accept(product, ada, sent)
        joined = {"id": ben["accountId"], "isMember": True, "emailVerified": True, "email": email}
        assert await me(product, ben) == {**joined, "role": "MEMBER"}
        # The position alone: a receipt that shows the person would wait for the worker.
        document = """mutation ($input: ChangeUserRoleInput!) {
            changeUserRole(input: $input) { ... on UserReceipt { position } } }"""
        change = {"input": {"id": ben["accountId"], "role": "ADMIN"}}
        changed = (await ada.client.post(document, change)).json()["data"]["changeUserRole"]
        assert "position" in changed, changed
        assert await me(product, ben) == {**joined, "role": "ADMIN"}
    finally:
        await product.worker.start()


@pytest.mark.parametrize("times", [2, 20])
async def test_an_address_that_is_invited_many_times_at_once_is_invited_once(
    product: Product, ada: Person, times: int
) -> None:
    email = some_address()
    answers = await asyncio.gather(*(invite(ada, email) for _ in range(times)))
    (sent,) = [answer["invitation"]["id"] for answer in answers if "invitation" in answer]
    refused = [(answer["code"], answer["field"]) for answer in answers if "code" in answer]
    assert refused == [("already_invited", "email")] * (times - 1)
    # A mail is sent for each.
    everything = await ada.client.send("Invitations")
    assert [edge["node"]["id"] for edge in everything["edges"] if edge["node"]["email"] == email] == [sent]
    assert "tenantId" in await accept(product, ada, sent)


@pytest.mark.parametrize("role", ["MEMBER", "GUEST"])
async def test_roles_that_are_offered_at_once_leave_one_invitation(
    product: Product, ada: Person, role: str
) -> None:
    """Who offers another role means another invitation; whoever is too late hears that there is one."""
    email = some_address()
    invitations = [
        invite(ada, email, role) for role in ("ADMIN", "MEMBER", "GUEST", "ADMIN", "MEMBER", "GUEST")
    ]
    answers = await asyncio.gather(*invitations)
    assert {answer["code"] for answer in answers if "code" in answer} <= {"already_invited"}
    again = await invite(ada, email, role)
    assert "invitation" in again or again["code"] == "already_invited"
    still_open = await ada.client.send("Invitations", filter={"status": {"in": ["OPEN"]}})
    assert [edge["node"]["email"] for edge in still_open["edges"]].count(email) == 1


async def test_an_invitation_is_sent_again_once_the_last_one_is_older(product: Product, ada: Person) -> None:
    email = some_address()
    first = (await invite(ada, email))["invitation"]["id"]
    assert (await invite(ada, email))["code"] == "already_invited"
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        table = table_shape(Invitations, 1).name
        await owner.execute(
            f"update {table} set sent_at = sent_at - interval '1 minute' where id = $1", UUID(first)
        )
    finally:
        await owner.close()
    second = (await invite(ada, email))["invitation"]["id"]
    assert (await accept(product, ada, first))["code"] == "invitation_not_valid"
    assert "tenantId" in await accept(product, ada, second)
