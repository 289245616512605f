"""People of one company who really sign in, and what they are allowed to say over raw HTTP."""

from typing import Any
from uuid import UUID, uuid4

from app.mail.mailed_tokens import INVITE, MailedTokens
from tests.auth.people import PASSWORD, Person, proved
from tests.kit.product import Product


async def colleague(product: Product, boss: Person, role: str = "MEMBER") -> Person:
    """Somebody of the boss's company who was invited in this role, accepted, and is signed in."""
    id, email = uuid4(), f"{uuid4().hex}@example.com"
    await proved(product, boss)
    invited = await boss.client.send("InviteUser", input={"id": str(id), "email": email, "role": role})
    assert "position" in invited, invited
    token = MailedTokens(product.settings.derive("mailed tokens")).of(
        INVITE, id, UUID(boss.given["tenantId"])
    )
    values = {"token": token, "password": PASSWORD, "firstName": "Ben", "lastName": "Bell"}
    query = """mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
      ... on SignedIn { accessToken refreshToken accountId sessionId tenantId } ... on Refused { code } } }"""
    body = {"query": query, "variables": {"input": values}}
    given: dict[str, Any] = (await product.http.post("/graphql", json=body)).json()["data"][
        "acceptInvitation"
    ]
    assert "accessToken" in given, given
    return Person(product.http, email, given)
