"""A stolen dump of every store, and stolen log files: names of people, and nothing by which to reach them.

What such a dump does show (display names, titles, public projects) is said in docs/security.md.
"""

import asyncio
import base64
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from app.mail.mailed_tokens import INVITE, MailedTokens
from app.telemetry.logs import JsonLines
from tests.attacks.people import colleague
from tests.auth.people import PASSWORD, Person, post, registered
from tests.kit.client import Client
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR
from tests.work.api import created

NAME = "Zanzibara"
AGENT = f"browser-{uuid4().hex}"
BIO, LOCATION = f"bio {uuid4().hex}", f"Timbuktu {uuid4().hex}"
REASON = f"reason {uuid4().hex}"
ENROL = """mutation($p: String!) { enrolSecondFactor(password: $p) {
  ... on SecondFactorEnrolment { secret uri recoveryCodes } ... on Refused { code } } }"""


@dataclass
class Lives:
    """People who have done what people do, and what nobody may find about them."""

    ada: Person
    secrets: dict[str, str]


@pytest.fixture(scope="module")
async def lives(product: Product) -> Lives:
    """A company whose people filled in everything that can be filled in."""
    product.http.headers["user-agent"] = AGENT
    ada = await registered(product, firstName=NAME, lastName="Umbrella")
    client = ada.client
    ben = await colleague(product, ada)
    await client.send("UpdateProfile", input={"id": str(ada.id), "bio": BIO, "location": LOCATION})
    enrolment = (await client.post(ENROL, {"p": PASSWORD})).json()["data"]["enrolSecondFactor"]
    invitation, invited = uuid4(), f"{uuid4().hex}@example.com"
    await client.send("InviteUser", input={"id": str(invitation), "email": invited})
    values = {
        "name": "robot",
        "permissions": ["work:read"],
        "expiresAt": IN_A_YEAR,
    }
    key = (await client.send("CreateApiKey", input=values))["key"]
    await post(product.http, "password/forgot", {"email": ada.email})
    await ada.sign_in("wrong-" + PASSWORD)
    nobody = f"{uuid4().hex}@example.com"
    await post(product.http, "sign-in", {"email": nobody, "password": PASSWORD})
    again = await ben.again()
    refreshed = (await post(product.http, "refresh", {"refreshToken": again.given["refreshToken"]})).json()
    await created(client, "Readable title", description=REASON)
    await client.send("RequestExport", input={"subjectId": str(ada.id)})
    # The caches are filled by those who read.
    for operation in ("Me", "Users", "MySessions"):
        await client.send(operation)
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        pending = await owner.fetch(
            "select originator_id, type from es.events "
            "where type in ('identity.password_reset.requested', 'identity.email_verification.requested')"
        )
    finally:
        await owner.close()
    mailed = MailedTokens(product.settings.derive("mailed tokens"))
    kinds = {"identity.password_reset.requested": "reset", "identity.email_verification.requested": "verify"}
    links = {
        f"mailed token {n}": mailed.of(kinds[row["type"]], row["originator_id"])
        for n, row in enumerate(pending)
    }
    assert links
    return Lives(
        ada,
        {
            "address": ada.email,
            "address of a colleague": ben.email,
            "address of somebody invited": invited,
            "address of somebody unknown": nobody,
            "biography": BIO,
            "place": LOCATION,
            "browser": AGENT,
            "password": PASSWORD,
            "access token": ada.given["accessToken"],
            "refresh token": ada.given["refreshToken"],
            "rotated refresh token": refreshed["refreshToken"],
            "api key": key,
            "secret of the second factor": enrolment["secret"],
            "address of the second factor": enrolment["uri"],
            **{f"recovery code {n}": code for n, code in enumerate(enrolment["recoveryCodes"])},
            "invitation": mailed.of(INVITE, invitation, UUID(ada.given["tenantId"])),
            **links,
        },
    )


async def test_a_dump_of_the_database_holds_nothing_by_which_to_reach_or_be_somebody(
    product: Product, lives: Lives
) -> None:
    dump = await _dump_of_postgres(product)
    assert NAME.encode() in dump, "the dump is of this company"
    found = {what for what, secret in lives.secrets.items() if _holds(dump, secret)}
    assert found == set()


async def test_nor_does_it_hold_the_addresses_that_people_came_from(product: Product, lives: Lives) -> None:
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        rows = await owner.fetch("select s::text as row from auth.sessions s")
    finally:
        await owner.close()
    assert rows
    assert not any("127.0.0.1" in row["row"] for row in rows)
    events = await _dump_of_postgres(product, only="es.events")
    assert not _holds(events, "127.0.0.1")


async def test_display_names_and_titles_are_readable_in_it(product: Product, lives: Lives) -> None:
    """Which docs/security.md says: they are public inside their company, sorted and searched by Postgres."""
    dump = await _dump_of_postgres(product)
    assert NAME.encode() in dump
    assert b"Readable title" in dump


async def test_a_dump_of_the_cache_holds_nothing_either(product: Product, lives: Lives) -> None:
    redis = Redis.from_url(product.settings.redis_url)
    try:
        keys = [key async for key in redis.scan_iter(count=1000)]
        values = [(key, await redis.dump(key)) for key in keys]
    finally:
        await redis.aclose()
    assert keys
    dump = b"\n".join(part for key, value in values for part in (key, value or b""))
    assert {what for what, secret in lives.secrets.items() if _holds(dump, secret)} == set()


class Captured(io.StringIO):
    """What a process wrote to its log."""


@pytest.fixture
def captured() -> Iterator[Captured]:
    """Everything that is logged, from the finest level on, formatted as the product formats it."""
    stream = Captured()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)


async def test_log_files_of_flows_that_fail_hold_nothing(
    product: Product, lives: Lives, captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, client = lives.ada, lives.ada.client
    await asyncio.gather(*(ada.sign_in(f"wrong-{PASSWORD}") for _ in range(7)))
    await post(product.http, "refresh", {"refreshToken": ada.given["refreshToken"] + "x"})
    await post(product.http, "password/reset", {"token": lives.secrets["invitation"], "password": PASSWORD})
    await product.http.get("/graphql", params={"query": f'{{ userByEmail(email: "{ada.email}") {{ id }} }}'})
    await Client(product.http, lives.secrets["access token"] + "x").post("{ me { id } }")

    async def broken(self: object, append: object) -> None:
        raise RuntimeError(f"cannot store {append!r} for {ada.email} with {PASSWORD=}")

    # The worst that can happen: the log fails with all that it was to store in hand.
    monkeypatch.setattr("app.log.postgres.PostgresLog.append", broken)
    failed = await client.post(
        "mutation($i: UpdateProfileInput!) { updateProfile(input: $i) { __typename } }",
        {"i": {"id": str(ada.id), "bio": BIO + "!", "location": LOCATION}},
    )
    assert failed.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    written = captured.getvalue().encode()
    assert b"RuntimeError" in written, "it was logged"
    assert {what for what, secret in lives.secrets.items() if _holds(written, secret)} == set()


async def test_what_fails_inside_says_nothing_outside(
    product: Product, lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: object, append: object) -> None:
        raise RuntimeError('relation "es.events" does not exist: select * from es.events, /srv/app/x.py')

    monkeypatch.setattr("app.log.postgres.PostgresLog.append", broken)
    variables = {"i": {"title": "x"}}
    answer = await lives.ada.client.post(
        "mutation($i: CreateTaskInput!) { createTask(input: $i) { __typename } }", variables
    )
    (error,) = answer.json()["errors"]
    assert error["message"] == "Internal error"
    assert set(error["extensions"]) == {"code", "errorId"}
    over_rest = await post(
        product.http,
        "register",
        {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, "firstName": "Eve"},
    )
    assert over_rest.status_code == 500
    for text in (answer.text, over_rest.text):
        for leak in ("select", "es.events", ".py", "Traceback", "RuntimeError", "asyncpg"):
            assert leak not in text


async def _dump_of_postgres(product: Product, only: str = "") -> bytes:
    """What ``copy ... to`` gives of every table, as a backup would hold it."""
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        rows = await owner.fetch(
            "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n "
            "on n.oid = c.relnamespace where c.relkind in ('r', 'm') "
            "and n.nspname not in ('pg_catalog', 'information_schema')"
        )
        tables = [row["name"] for row in rows if row["name"].startswith(only)]
        dump = io.BytesIO()
        for table in tables:
            for form in ("text", "binary"):
                await owner.copy_from_query(f"select * from {table}", output=dump, format=form)
        return dump.getvalue()
    finally:
        await owner.close()


def _holds(dump: bytes, secret: str) -> bool:
    """Whether the secret stands there, plain, or as hexadecimal digits, base64 or JSON would spell it."""
    plain = secret.encode()
    spelt = (
        plain,
        plain.hex().encode(),
        base64.b64encode(plain).rstrip(b"=")[:-1],
        base64.urlsafe_b64encode(plain).rstrip(b"=")[:-1],
        json.dumps(secret)[1:-1].encode(),
    )
    lower = dump.lower()
    return any(spelling in dump for spelling in spelt) or plain.lower() in lower
