"""People who register and sign in over HTTP, as a client of the product would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from app.mail.mailed_tokens import RESET, VERIFY, MailedTokens
from app.storage.database import Connection
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

PASSWORD = "correct horse battery staple"

# Answers are JSON of each route's own shape.
Json = dict[str, Any]


@dataclass
class Person:
    """Somebody with an account, and what the last sign-in gave them."""

    http: httpx.AsyncClient
    email: str
    given: Json
    password: str = PASSWORD

    @property
    def id(self) -> UUID:
        return UUID(self.given["accountId"])

    @property
    def client(self) -> Client:
        """A client of the API that shows the person's access token."""
        tenant = UUID(self.given["tenantId"]) if self.given["tenantId"] else UUID(int=0)
        return Client(self.http, self.given["accessToken"], tenant, self.id)

    async def sign_in(self, password: str | None = None) -> httpx.Response:
        body = {"email": self.email, "password": password or self.password}
        return await post(self.http, "sign-in", body)

    def on(self, http: httpx.AsyncClient) -> "Person":
        """The same person at another device."""
        return replace(self, http=http)

    async def again(self) -> "Person":
        """The same person with another session."""
        response = await self.sign_in()
        assert response.status_code == 200, response.text
        return Person(self.http, self.email, response.json(), self.password)


@asynccontextmanager
async def elsewhere(product: Product, host: int = 9) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another address and another device."""
    transport = httpx.AsyncHTTPTransport(local_address=f"127.0.0.{host}")
    async with httpx.AsyncClient(base_url=product.http.base_url, transport=transport, timeout=120) as http:
        yield http


async def post(http: httpx.AsyncClient, route: str, body: Json, token: str = "") -> httpx.Response:
    """The response of a route below /auth."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return await http.post(f"/auth/{route}", json=body, headers=headers)


def somebody(**more: str) -> Json:
    """What somebody registers with whom nobody knows."""
    return {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, "firstName": "Ada", **more}


async def registered(product: Product, *, company: bool = True, **more: str) -> Person:
    """Somebody who has just registered, with a company unless that is not wanted."""
    named = {"tenantName": "Acme", "tenantSlug": f"acme-{uuid4().hex}"} if company else {}
    values = somebody(**named, **more)
    response = await post(product.http, "register", values)
    assert response.status_code == 200, response.text
    return Person(product.http, values["email"], response.json())


_ASKED = """
select originator_id from es.events
 where type = 'identity.email_verification.requested' and payload::text like '%' || $1 || '%'
 order by position desc limit 1
"""


async def proved(product: Product, person: Person) -> Person:
    """The person, who has followed the link that was mailed on opening the account."""
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        if await connection.fetchval("select email_verified from auth.accounts where id = $1", person.id):
            return person
        request = await connection.fetchval(_ASKED, person.given["accountId"])
    finally:
        await connection.close()
    token = MailedTokens(product.settings.derive("mailed tokens")).of(VERIFY, request)
    response = await post(product.http, "verify-email", {"token": token})
    assert response.status_code == 200, response.text
    return person


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, response.json()["error"]["code"]


def mailed(product: Product) -> MailedTokens:
    """What makes the tokens in the product's mails."""
    return MailedTokens(product.settings.derive("mailed tokens"))


async def reset_token(product: Product, owner: Connection, person: Person) -> str:
    """What the mail to a person would bring who has forgotten their password."""
    known = "select array_agg(id) from auth.password_resets where user_id = $1"
    before = set(await owner.fetchval(known, person.id) or ())
    await post(product.http, "password/forgot", {"email": person.email})

    async def requested() -> bool:
        return set(await owner.fetchval(known, person.id) or ()) > before

    await until(requested)
    (new,) = set(await owner.fetchval(known, person.id)) - before
    return mailed(product).of(RESET, new)
