"""Second factors: asked for after the password, each code once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pyotp.totp import TOTP

from app.auth.tokens.signed_tokens import Uses, signed
from app.auth.tokens.signing_keys import derived
from app.composition.write_side import written
from app.storage.database import Connection
from domain.identity.account_commands import JoinTenant, UseRecoveryCode
from domain.identity.accounts import Account, WrongCode
from domain.identity.authorization import BaseRole
from domain.identity.registration import RegisterUser
from domain.kit.caller import ACCOUNTS, PLATFORM, SYSTEM, Caller
from domain.kit.log import AppendReceipt
from domain.kit.permissions import ROLES
from domain.kit.scenario import given
from tests.auth.people import Person, elsewhere, post, refusal, registered
from tests.auth.test_keys_of_machines import key_of
from tests.kit.processes import until
from tests.kit.product import Product

TASKS = "{ tasks(first: 1) { totalCount } }"
ME = "{ mySessions { nodes { id secondFactor } } }"
ENROL = """mutation($p: String!) { enrolSecondFactor(password: $p) {
  ... on SecondFactorEnrolment { secret uri recoveryCodes } ... on Refused { code } } }"""
CONFIRM = "mutation($c: String!) { confirmSecondFactor(code: $c) { __typename ... on Refused { code } } }"
CHANGE = "mutation($a: String!, $b: String!) { changePassword(current: $a, password: $b) { __typename } }"
REMOVE = """mutation($p: String!, $c: String!) { removeSecondFactor(password: $p, code: $c) {
  __typename ... on Refused { code } } }"""

OPENED = Account.Opened(email="a@example.com", first_name="Ada", password_hash="h")
SET = Account.SecondFactorSet(secret="s", recovery_hashes=("one", "two"))
USE = UseRecoveryCode(id=UUID(int=3), code_hash="two")


def test_a_recovery_code_is_good_once() -> None:
    given(OPENED, SET).when(USE).then(Account.RecoveryCodeUsed(index=1))
    given(OPENED, SET, Account.RecoveryCodeUsed(index=1)).when(USE).refused(WrongCode)


def test_codes_of_a_former_factor_are_void() -> None:
    given(OPENED, SET, Account.SecondFactorRemoved()).when(USE).refused(WrongCode)


async def test_signing_in_asks_for_the_code(product: Product) -> None:
    ada, codes = await _enrolled(product)
    answer = (await ada.sign_in()).json()
    assert answer["secondFactorRequired"] is True
    assert "accessToken" not in answer
    given_ = await post(
        product.http, "second-factor", {"challenge": answer["challenge"], "code": codes.fresh()}
    )
    assert given_.status_code == 200
    person = Person(product.http, ada.email, given_.json())
    sessions = (await person.client.post(ME)).json()["data"]["mySessions"]["nodes"]
    assert {session["secondFactor"] for session in sessions} == {True}


async def test_a_code_is_good_once_also_for_two_at_the_same_moment(product: Product) -> None:
    ada, codes = await _enrolled(product)
    challenges = [(await ada.sign_in()).json()["challenge"] for _ in range(3)]
    code = codes.fresh()
    answers = await asyncio.gather(
        *(
            post(product.http, "second-factor", {"challenge": challenge, "code": code})
            for challenge in challenges
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


async def test_a_challenge_is_good_once(product: Product) -> None:
    ada, codes = await _enrolled(product)
    challenge = (await ada.sign_in()).json()["challenge"]
    first = await post(product.http, "second-factor", {"challenge": challenge, "code": codes.recovery[0]})
    assert first.status_code == 200
    second = await post(product.http, "second-factor", {"challenge": challenge, "code": codes.recovery[1]})
    assert refusal(second) == (401, "code_refused")


async def test_a_new_password_voids_challenges_that_the_old_one_was_given(product: Product) -> None:
    ada, codes = await _enrolled(product)
    challenge = (await ada.sign_in()).json()["challenge"]
    await _asked(ada, CHANGE, a=ada.password, b="another battery staple")
    body = {"challenge": challenge, "code": codes.recovery[0]}
    assert refusal(await post(product.http, "second-factor", body)) == (401, "code_refused")


async def test_a_recovery_code_lets_in_once(product: Product) -> None:
    ada, codes = await _enrolled(product)
    for expected in (200, 401):
        challenge = (await ada.sign_in()).json()["challenge"]
        body = {"challenge": challenge, "code": codes.recovery[0].lower()}
        assert (await post(product.http, "second-factor", body)).status_code == expected


async def test_codes_cannot_be_guessed(product: Product) -> None:
    ada, codes = await _enrolled(product)
    for _ in range(5):
        challenge = (await ada.sign_in()).json()["challenge"]
        body = {"challenge": challenge, "code": codes.wrong()}
        assert refusal(await post(product.http, "second-factor", body)) == (401, "code_refused")
    challenge = (await ada.sign_in()).json()["challenge"]
    right = {"challenge": challenge, "code": codes.fresh()}
    response = await post(product.http, "second-factor", right)
    assert refusal(response) == (429, "too_many_attempts")
    assert 0 < int(response.headers["retry-after"]) <= 31


async def test_whoever_guesses_codes_from_many_places_keeps_the_owner_out_of_none_they_know(
    product: Product,
) -> None:
    """20 wrong codes from places that the account does not know are all there are in a day."""
    ada, codes = await _enrolled(product)
    for host in range(50, 55):
        async with elsewhere(product, host) as stranger:
            for n in range(5 if host < 54 else 1):
                challenge = (await ada.on(stranger).sign_in()).json()["challenge"]
                body = {"challenge": challenge, "code": codes.wrong()}
                expected = (401, "code_refused") if host < 54 else (429, "too_many_attempts")
                assert refusal(await post(stranger, "second-factor", body)) == expected, (host, n)
    challenge = (await ada.sign_in()).json()["challenge"]
    right = {"challenge": challenge, "code": codes.fresh()}
    assert (await post(product.http, "second-factor", right)).status_code == 200


async def test_a_challenge_is_not_a_token_nor_a_token_a_challenge(product: Product) -> None:
    ada, codes = await _enrolled(product)
    challenge = (await ada.sign_in()).json()["challenge"]
    headers = {"authorization": f"Bearer {challenge}"}
    shown = await product.http.post("/graphql", json={"query": ME}, headers=headers)
    assert shown.status_code == 401
    service = product.token(PLATFORM, ada.id, ["self"])
    forged = signed(
        Uses.CHALLENGE,
        derived(product.settings.derive("tokens"), "service tokens"),
        {"sub": str(ada.id), "method": "password", "line": 1},
        lifetime=timedelta(minutes=5),
    )
    code = codes.fresh()
    for bad in (ada.given["accessToken"], service, forged, "", "a.b.c"):
        body = {"challenge": bad, "code": code}
        assert refusal(await post(product.http, "second-factor", body)) == (401, "code_refused")


async def test_removing_needs_password_and_code(product: Product) -> None:
    ada, codes = await _enrolled(product)
    wrong = await _asked(ada, REMOVE, p="wrong password", c=codes.recovery[0])
    assert wrong["removeSecondFactor"]["code"] == "sign_in_refused"
    without = await _asked(ada, REMOVE, p=ada.password, c=codes.wrong())
    assert without["removeSecondFactor"]["code"] == "wrong_code"
    right = await _asked(ada, REMOVE, p=ada.password, c=codes.recovery[0])
    assert right["removeSecondFactor"]["__typename"] == "Done"
    assert "accessToken" in (await ada.sign_in()).json()


async def test_where_it_is_asked_for_nothing_is_allowed_before(product: Product) -> None:
    ada = await registered(product)
    await _demand(ada)

    await until(lambda: _forbidden(ada))
    await enrol(ada)
    assert (await ada.client.post(TASKS)).json()["data"]["tasks"]["totalCount"] == 0


async def test_a_session_in_which_a_factor_was_shown_that_is_gone_counts_as_one_without(
    product: Product,
) -> None:
    ada, codes = await _enrolled(product)
    key = await key_of(ada, "work:read")
    await _demand(ada)
    assert (await ada.client.post(TASKS)).json()["data"]["tasks"]["totalCount"] == 0
    removed = await _asked(ada, REMOVE, p=ada.password, c=codes.recovery[0])
    assert removed["removeSecondFactor"]["__typename"] == "Done"
    await until(lambda: _forbidden(ada))
    refreshed = await post(product.http, "refresh", {"refreshToken": ada.given["refreshToken"]})
    again = Person(product.http, ada.email, refreshed.json())
    assert (await again.client.post(TASKS)).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    shown = (await again.client.post("{ mySessions { nodes { current secondFactor } } }")).json()["data"][
        "mySessions"
    ]["nodes"]
    assert {session["secondFactor"] for session in shown} == {False}
    by_key = await product.http.post("/graphql", json={"query": TASKS}, headers={"x-api-key": key})
    assert by_key.status_code == 401
    await enrol(again)
    assert (await again.client.post(TASKS)).json()["data"]["tasks"]["totalCount"] == 0
    by_key = await product.http.post("/graphql", json={"query": TASKS}, headers={"x-api-key": key})
    assert by_key.json()["data"]["tasks"]["totalCount"] == 0


async def test_operators_need_a_second_factor(product: Product, owner: Connection) -> None:
    """Whoever belongs to the platform's own tenant, whatever the settings of any tenant say (SEC-06)."""
    ada = await registered(product)
    async with written(product.settings) as side:
        register = RegisterUser(
            id=ada.id, email=ada.email, first_name="Ada", last_name="", role=BaseRole.OPERATOR
        )
        by = Caller(tenant_id=PLATFORM, user_id=SYSTEM, permissions=ROLES["operator"])
        assert isinstance(await side.bus.send(register, by=by), AppendReceipt)
        join = JoinTenant(id=ada.id, tenant_id=PLATFORM)
        joined = await side.bus.send(join, by=Caller(tenant_id=ACCOUNTS, user_id=SYSTEM))
        assert isinstance(joined, AppendReceipt)
    body = {"email": ada.email, "password": ada.password, "tenantId": str(PLATFORM)}
    operator = Person(product.http, ada.email, (await post(product.http, "sign-in", body)).json())
    assert operator.given["tenantId"] == str(PLATFORM)
    views = "{ views { nodes { name } } }"
    assert (await operator.client.post(views)).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await enrol(operator)
    assert (await operator.client.post(views)).json()["data"]["views"]


async def test_what_is_kept_of_it_opens_nothing(product: Product, owner: Connection) -> None:
    ada, codes = await _enrolled(product)
    stored = repr(await owner.fetch("select payload from es.events where originator_id = $1", ada.id)) + repr(
        await owner.fetchrow("select * from auth.accounts where id = $1", ada.id)
    )
    for code in codes.recovery:
        assert code not in stored
        assert code.replace("-", "") not in stored


async def _forbidden(person: Person) -> bool:
    answer = (await person.client.post(TASKS)).json()
    return "errors" in answer and answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def _demand(ada: Person) -> None:
    """Have the company ask for second factors."""
    setting = """mutation($id: ID!, $s: JSON!) { changeTenantSettings(input: { id: $id, settings: $s }) {
      __typename } }"""
    changed = await ada.client.post(
        setting, {"id": ada.given["tenantId"], "s": {"require_second_factor": True}}
    )
    assert "errors" not in changed.json(), changed.text


class Codes:
    """What the person's authenticator shows, and their codes for recovery."""

    def __init__(self, secret: str, recovery: list[str], used: str) -> None:
        self._totp, self.recovery, self._used = TOTP(secret), recovery, {used}

    def fresh(self) -> str:
        """A code that was not used before: the one of the step before or after counts as well."""
        now = int(datetime.now(UTC).timestamp()) // 30
        code = next(
            generated
            for step in (now + 1, now, now - 1)
            if (generated := self._totp.generate_otp(step)) not in self._used
        )
        self._used.add(code)
        return code

    def wrong(self) -> str:
        """A code that is none."""
        now = int(datetime.now(UTC).timestamp()) // 30
        good = {self._totp.generate_otp(step) for step in range(now - 3, now + 4)}
        return next(text for n in range(10) if (text := f"{n}" * 6) not in good)


async def _enrolled(product: Product) -> tuple[Person, Codes]:
    ada = await registered(product)
    return ada, await enrol(ada)


async def enrol(person: Person) -> Codes:
    found = (await _asked(person, ENROL, p=person.password))["enrolSecondFactor"]
    used = TOTP(found["secret"]).now()
    confirmed = await _asked(person, CONFIRM, c=used)
    assert confirmed["confirmSecondFactor"]["__typename"] == "Done", confirmed
    return Codes(found["secret"], found["recoveryCodes"], used)


async def _asked(person: Person, document: str, **variables: str) -> dict[str, Any]:
    answer = (await person.client.post(document, variables)).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data
