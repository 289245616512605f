"""Too many attempts: blocked for ever longer by all processes, and nobody can tell who has an account."""

import asyncio
from uuid import uuid4

import httpx

from app.auth.attempts import ACCOUNT, Attempts
from app.auth.passwords import Passwords
from app.database import Connection, Database
from tests.auth.people import post, refusal, registered
from tests.kit.processes import until
from tests.kit.product import Product, running
from tests.kit.servers import SECRET

REFUSED = (401, "sign_in_refused")
KEY = "ab" * 32


async def test_five_wrong_passwords_lock_the_right_one_out(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    for _ in range(5):
        assert refusal(await ada.sign_in("wrong password")) == REFUSED
    assert refusal(await ada.sign_in()) == REFUSED
    # The event says so to whoever looks after people.
    locked = "select count(*) from es.events where originator_id = $1 and type = 'identity.account.locked'"
    await until(lambda: _equals(owner, locked, ada.id, 1))


async def test_another_process_knows_of_the_attempts(product: Product) -> None:
    ada = await registered(product)
    async with running(product.settings) as url, httpx.AsyncClient(base_url=url) as elsewhere:
        body = {"email": ada.email, "password": "wrong password"}
        for http in (product.http, elsewhere, product.http, elsewhere, product.http):
            assert refusal(await post(http, "sign-in", body)) == REFUSED
        right = {"email": ada.email, "password": ada.password}
        assert refusal(await post(elsewhere, "sign-in", right)) == REFUSED


async def test_a_right_password_forgives_the_wrong_ones(product: Product) -> None:
    ada = await registered(product)
    for _ in range(3):
        for _ in range(4):
            assert refusal(await ada.sign_in("wrong password")) == REFUSED
        assert (await ada.sign_in()).status_code == 200


async def test_many_at_once_are_as_many_as_one_after_another(product: Product) -> None:
    ada = await registered(product)
    await asyncio.gather(*(ada.sign_in("wrong password") for _ in range(12)))
    assert refusal(await ada.sign_in()) == REFUSED


async def test_aliases_are_as_many_attempts_as_there_are(product: Product) -> None:
    ada = await registered(product)
    guesses = [f"guess number {n}" for n in range(8)] + [ada.password]
    aliases = " ".join(
        f'a{n}: signIn(email: "{ada.email}", password: "{guess}") {{ __typename }}'
        for n, guess in enumerate(guesses)
    )
    answer = (await product.http.post("/graphql", json={"query": f"mutation {{ {aliases} }}"})).json()
    assert {one["__typename"] for one in (answer.get("data") or {}).values()} <= {"Refused"}


async def test_a_batch_is_no_way_around(product: Product) -> None:
    one = {"query": 'mutation { signIn(email: "a@example.com", password: "x") { __typename } }'}
    response = await product.http.post("/graphql", json=[one] * 50)
    assert response.json()["errors"][0]["extensions"]["code"] == "BATCHING_NOT_SUPPORTED"


async def test_every_answer_is_the_same_after_the_same_work(product: Product, owner: Connection) -> None:
    locked, closed, wrong = [await registered(product) for _ in range(3)]
    for _ in range(5):
        await locked.sign_in("wrong password")
    await owner.execute("update auth_g1.accounts set status = 'closed' where id = $1", closed.id)
    cases = [
        (f"{uuid4().hex}@example.com", "anything at all"),
        ("no address", "anything at all"),
        (wrong.email, "wrong password"),
        (locked.email, locked.password),
        (closed.email, closed.password),
        (wrong.email, "x" * 10_000),
    ]
    worked: list[int] = []
    answers: list[tuple[int, str]] = []
    right = Passwords.right

    async def counted(self: Passwords, password: str, stored: str) -> bool:
        before = self.verifications
        found = await right(self, password, stored)
        worked.append(self.verifications - before)
        return found

    Passwords.right = counted  # type: ignore[method-assign]
    try:
        for email, password in cases:
            response = await post(product.http, "sign-in", {"email": email, "password": password})
            answers.append((response.status_code, response.text))
    finally:
        Passwords.right = right  # type: ignore[method-assign]
    assert worked == [1] * len(cases)
    assert len(set(answers)) == 1


async def test_asking_for_a_reset_tells_nobody_who_has_an_account(product: Product) -> None:
    ada = await registered(product)
    known = await post(product.http, "password/forgot", {"email": ada.email})
    unknown = await post(product.http, "password/forgot", {"email": f"{uuid4().hex}@example.com"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (200, '{"ok":true}')


async def test_attempts_wait_twice_as_long_each_time(product: Product, owner: Connection) -> None:
    database = await Database.open(product.settings.database_url, secret=SECRET, writers=1, readers=1)
    try:
        attempts, name = Attempts(database.writer, KEY), uuid4().hex
        pauses = []
        for _ in range(8):
            admission = await attempts.admit(ACCOUNT, name)
            assert not admission.refused
            if admission.until is not None:
                assert (await attempts.admit(ACCOUNT, name)).refused
                pauses.append(round((admission.until - admission.now).total_seconds()))
                # What is waited for has passed, for this one only.
                await owner.execute(
                    "update auth.attempts set locked_until = clock_timestamp() where locked_until = $1",
                    admission.until,
                )
        assert pauses == [30, 60, 120, 240]
    finally:
        await database.close()


async def test_no_name_of_anybody_stands_with_the_attempts(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    await ada.sign_in("wrong password")
    stored = repr(await owner.fetch("select * from auth.attempts"))
    assert ada.email not in stored
    assert "127.0.0.1" not in stored
    assert ada.id.hex not in stored.replace("-", "")


async def _equals(owner: Connection, query: str, id: object, expected: int) -> bool:
    return bool(await owner.fetchval(query, id) == expected)
