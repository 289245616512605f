"""Too many attempts: they slow down who makes them, not whose account it is, and tell nobody who has one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from app.auth.credentials.passwords import Passwords
from app.auth.credentials.throttle import Attempts
from app.storage.database import Connection
from tests.auth.people import elsewhere, post, refusal, registered, reset_token, somebody
from tests.kit.processes import until
from tests.kit.product import Product, running

REFUSED = (401, "sign_in_refused")
TOO_MANY = (429, "too_many_attempts")
WRONG = "wrong password"


async def test_five_wrong_passwords_make_the_place_they_come_from_wait(product: Product) -> None:
    ada = await registered(product)
    for _ in range(5):
        assert refusal(await ada.sign_in(WRONG)) == REFUSED
    response = await ada.sign_in()
    assert refusal(response) == TOO_MANY
    wait = int(response.headers["retry-after"])
    assert 0 < wait <= 31
    assert response.headers["ratelimit"] == f'"attempts";r=0;t={wait}'


async def test_who_has_no_account_waits_as_long_and_is_told_the_same(product: Product) -> None:
    ada, nobody = await registered(product), f"{uuid4().hex}@example.com"
    for _ in range(5):
        await ada.sign_in(WRONG)
        await post(product.http, "sign-in", {"email": nobody, "password": WRONG})
    known = await ada.sign_in(WRONG)
    unknown = await post(product.http, "sign-in", {"email": nobody, "password": WRONG})
    for response in (known, unknown):
        assert refusal(response) == TOO_MANY
        assert 29 <= int(response.headers["retry-after"]) <= 31
        assert "seconds" in response.json()["error"]["message"]


async def test_graphql_says_how_long_to_wait(product: Product) -> None:
    ada = await registered(product)
    for _ in range(5):
        await ada.sign_in(WRONG)
    document = (
        f'mutation {{ signIn(email: "{ada.email}", password: "{ada.password}")'
        " { ... on Refused { code retryAfter } } }"
    )
    answer = (await product.http.post("/graphql", json={"query": document})).json()["data"]["signIn"]
    assert answer["code"] == "too_many_attempts"
    assert 0 < answer["retryAfter"] <= 31


async def test_strangers_lock_nobody_out(product: Product) -> None:
    ada = await registered(product)
    for host in range(10, 24):
        async with elsewhere(product, host) as stranger:
            assert refusal(await ada.on(stranger).sign_in(WRONG)) == REFUSED
    assert (await ada.sign_in()).status_code == 200
    async with elsewhere(product, 30) as travelling:
        assert (await ada.on(travelling).sign_in()).status_code == 200


async def test_many_strangers_have_one_mistake_each(product: Product) -> None:
    ada = await registered(product)
    for host in range(10, 20):
        async with elsewhere(product, host) as stranger:
            await ada.on(stranger).sign_in(WRONG)
    async with elsewhere(product, 31) as stranger:
        assert refusal(await ada.on(stranger).sign_in(WRONG)) == REFUSED
        assert refusal(await ada.on(stranger).sign_in(WRONG)) == TOO_MANY


async def test_a_known_device_is_not_locked_out_by_strangers_at_its_address(product: Product) -> None:
    async with elsewhere(product, 32) as own_place, elsewhere(product, 32) as stranger:
        ada = (await registered(product)).on(own_place)
        assert (await ada.sign_in()).status_code == 200
        for _ in range(5):
            assert refusal(await ada.on(stranger).sign_in(WRONG)) == REFUSED
        assert refusal(await ada.on(stranger).sign_in()) == TOO_MANY
        assert (await ada.sign_in()).status_code == 200


async def test_a_device_that_made_its_name_up_is_not_known(product: Product) -> None:
    ada = await registered(product)
    for n in range(5):
        async with elsewhere(product, 33) as stranger:
            stranger.cookies.set("hw_device", f"{n}" * 32)
            assert refusal(await ada.on(stranger).sign_in(WRONG)) == REFUSED
    async with elsewhere(product, 33) as stranger:
        stranger.cookies.set("hw_device", "9" * 32)
        assert refusal(await ada.on(stranger).sign_in()) == TOO_MANY


async def test_a_crowd_behind_one_address_keeps_no_right_password_out(product: Product) -> None:
    """100 wrong passwords for accounts that nobody has, then right ones of somebody who was never there."""
    ada, bob = [await registered(product) for _ in range(2)]
    async with elsewhere(product, 34) as crowd:
        for n in range(102):
            nobody = {"email": f"{n}.{uuid4().hex}@example.com", "password": WRONG}
            assert refusal(await post(crowd, "sign-in", nobody)) == REFUSED
        assert (await ada.on(crowd).sign_in()).status_code == 200
    async with elsewhere(product, 34) as another:
        assert (await bob.on(another).sign_in()).status_code == 200
        guess = {"email": f"{uuid4().hex}@example.com", "password": WRONG}
        assert refusal(await post(another, "sign-in", guess)) == REFUSED
        assert refusal(await post(another, "sign-in", guess)) == TOO_MANY


async def test_resets_and_registrations_are_counted_by_themselves(product: Product) -> None:
    ada = await registered(product)
    async with elsewhere(product, 35) as crowd:
        responses = [
            await post(crowd, "password/forgot", {"email": f"{uuid4().hex}@example.com"}) for _ in range(32)
        ]
        assert [response.status_code for response in responses] == [200] * 30 + [429] * 2
        assert int(responses[-1].headers["retry-after"]) > 0
        assert (await post(crowd, "register", somebody())).status_code == 200
        assert (await ada.on(crowd).sign_in()).status_code == 200
        # Who has been there before is not of the crowd.
        assert (await post(crowd, "password/forgot", {"email": ada.email})).status_code == 200


async def test_mail_that_strangers_ask_for_does_not_use_up_the_owners(
    product: Product, owner: Connection
) -> None:
    ada = await registered(product)
    async with elsewhere(product, 36) as stranger:
        for _ in range(8):
            await post(stranger, "password/forgot", {"email": ada.email})
    count = "select count(*) from auth.password_resets where user_id = $1"
    await until(lambda: _equals(owner, count, ada.id, 5))
    await post(product.http, "password/forgot", {"email": ada.email})
    await until(lambda: _equals(owner, count, ada.id, 6))


async def test_right_passwords_count_against_nobody(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    async with elsewhere(product, 37) as http:
        answers = await asyncio.gather(*(ada.on(http).sign_in() for _ in range(12)))
    assert [response.status_code for response in answers] == [200] * 12
    assert await owner.fetchval("select count(*) from auth.attempts where kind = 'network'") == (
        await owner.fetchval(
            "select count(*) from auth.attempts where kind = 'network' and cardinality(moments) > 0"
        )
    )
    attempts = Attempts(None, product.settings.derive("attempts"))  # type: ignore[arg-type]
    network = attempts.fingerprint("network", "127.0.0.37")
    assert not await owner.fetchval("select count(*) from auth.attempts where fingerprint = $1", network)


async def test_another_process_knows_of_the_attempts(product: Product) -> None:
    ada = await registered(product)
    async with running(product.settings) as url, httpx.AsyncClient(base_url=url, timeout=120) as there:
        there.cookies = product.http.cookies
        body = {"email": ada.email, "password": WRONG}
        for http in (product.http, there, product.http, there, product.http):
            assert refusal(await post(http, "sign-in", body)) == REFUSED
        right = {"email": ada.email, "password": ada.password}
        assert refusal(await post(there, "sign-in", right)) == TOO_MANY


async def test_a_right_password_forgives_the_wrong_ones(product: Product) -> None:
    ada = await registered(product)
    for _ in range(3):
        for _ in range(4):
            assert refusal(await ada.sign_in(WRONG)) == REFUSED
        assert (await ada.sign_in()).status_code == 200


async def test_many_at_once_are_as_many_as_one_after_another(product: Product) -> None:
    ada = await registered(product)
    answers = await asyncio.gather(*(ada.sign_in(WRONG) for _ in range(12)))
    assert sorted(response.status_code for response in answers) == [401] * 5 + [429] * 7


async def test_a_reset_by_mail_lifts_the_lock_out(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    token = await reset_token(product, owner, ada)
    for _ in range(5):
        await ada.sign_in(WRONG)
    async with elsewhere(product, 38) as stranger:
        for _ in range(5):
            await ada.on(stranger).sign_in(WRONG)
    new = "another battery staple"
    assert (await post(product.http, "password/reset", {"token": token, "password": new})).status_code == 200
    assert (await ada.sign_in(new)).status_code == 200


async def test_the_owner_is_told_once_a_day(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    count = (
        "select count(*) from es.events where originator_id = $1"
        " and type = 'identity.account.sign_ins_failed'"
    )
    for host in (39, 40, 41):
        async with elsewhere(product, host) as stranger:
            for _ in range(5):
                await ada.on(stranger).sign_in(WRONG)
        await until(lambda: _equals(owner, count, ada.id, 1))


async def test_aliases_are_as_many_attempts_as_there_are(product: Product) -> None:
    ada = await registered(product)
    guesses = [f"guess number {n}" for n in range(8)] + [ada.password]
    aliases = " ".join(
        f'a{n}: signIn(email: "{ada.email}", password: "{guess}") {{ __typename }}'
        for n, guess in enumerate(guesses)
    )
    answer = (await product.http.post("/graphql", json={"query": f"mutation {{ {aliases} }}"})).json()
    assert {answered["__typename"] for answered in (answer.get("data") or {}).values()} <= {"Refused"}


async def test_a_batch_is_no_way_around(product: Product) -> None:
    operation = {"query": 'mutation { signIn(email: "a@example.com", password: "x") { __typename } }'}
    response = await product.http.post("/graphql", json=[operation] * 50)
    assert response.json()["errors"][0]["extensions"]["code"] == "BATCHING_NOT_SUPPORTED"


@dataclass
class Counted:
    """How many passwords were checked."""

    checks: int = 0


@asynccontextmanager
async def counting() -> AsyncIterator[Counted]:
    """Count, inside the block, the passwords that this process checks."""
    counted, right = Counted(), Passwords.right

    async def counts(self: Passwords, password: str, stored: str, *, line: str = "") -> bool:
        counted.checks += 1
        return await right(self, password, stored, line=line)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passwords, "right", counts)
        yield counted


async def test_every_answer_is_the_same_after_the_same_work(product: Product, owner: Connection) -> None:
    closed, wrong = [await registered(product) for _ in range(2)]
    await owner.execute("update auth.accounts set status = 'closed' where id = $1", closed.id)
    cases = [
        (f"{uuid4().hex}@example.com", "anything at all"),
        ("no address", "anything at all"),
        (wrong.email, WRONG),
        (closed.email, closed.password),
        (wrong.email, "x" * 10_000),
    ]
    answers: list[tuple[int, str]] = []
    for email, password in cases:
        async with counting() as counted:
            response = await post(product.http, "sign-in", {"email": email, "password": password})
        assert counted.checks == 1
        answers.append((response.status_code, response.text))
    assert len(set(answers)) == 1


async def test_what_is_refused_costs_no_hashing_whether_or_not_there_is_an_account(product: Product) -> None:
    ada, nobody = await registered(product), f"{uuid4().hex}@example.com"
    async with elsewhere(product, 42) as stranger:
        for email in (ada.email, nobody):
            body = {"email": email, "password": WRONG}
            async with counting() as counted:
                found = await asyncio.gather(*(post(stranger, "sign-in", body) for _ in range(40)))
            assert counted.checks == 5
            assert sorted(response.status_code for response in found) == [401] * 5 + [429] * 35


async def test_asking_for_a_reset_tells_nobody_who_has_an_account(product: Product) -> None:
    ada = await registered(product)
    known = await post(product.http, "password/forgot", {"email": ada.email})
    unknown = await post(product.http, "password/forgot", {"email": f"{uuid4().hex}@example.com"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (200, '{"ok":true}')


async def test_no_name_of_anybody_stands_with_the_attempts(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    await ada.sign_in(WRONG)
    for table in ("attempts", "familiar", "spent"):
        stored = repr(await owner.fetch(f"select * from auth.{table}"))
        assert ada.email not in stored
        assert "127.0.0.1" not in stored
        assert ada.id.hex not in stored.replace("-", "")


async def _equals(owner: Connection, query: str, id: object, expected: int) -> bool:
    return bool(await owner.fetchval(query, id) == expected)
