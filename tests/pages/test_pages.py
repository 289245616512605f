"""The pages that mailed links lead to, in a browser with and without scripts, and what they refuse."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.mail.mailed_tokens import OPT_OUT
from app.pages.texts import ENGLISH, GERMAN, texts_for
from app.storage.database import Connection
from app.telemetry.redaction import redacted
from tests.auth.people import PASSWORD, Person, mailed, post, registered, reset_token
from tests.kit.product import Product
from tests.pages.browser import browser
from tests.pages.links import invited, verify_token

NEW = "a battery of new staples"
VERIFIED = "select email_verified from auth.accounts where id = $1"
OPTED_OUT = "select count(*) from mail.opt_outs where recipient = $1"


def link(product: Product, page: str, token: str) -> str:
    return f"{str(product.http.base_url).rstrip('/')}/{page}?token={token}"


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
async def test_every_mailed_link_does_its_thing_in_a_browser(
    product: Product, owner: Connection, tmp_path: Path, scripts: bool
) -> None:
    eve = await registered(product)
    verify, reset = await verify_token(product, owner, eve), await reset_token(product, owner, eve)
    email, fingerprint = f"{uuid4().hex}@example.com", uuid4()
    ada, invite = await invited(product, email)
    opt_out = mailed(product).of(OPT_OUT, fingerprint)

    def surf() -> list[str]:
        with browser(tmp_path, scripts=scripts) as page:
            texts = []
            page.open(link(product, "verify-email", verify))
            texts.append(page.press())
            page.open(link(product, "reset-password", reset))
            page.fill("password", NEW)
            texts.append(page.press())
            page.open(link(product, "accept-invitation", invite))
            page.fill("first_name", "Ben")
            page.fill("password", "short")
            texts.append(page.press())
            # What was typed stands there again, but for the password.
            page.fill("password", PASSWORD)
            texts.append(page.press())
            page.open(link(product, "mail-opt-out", opt_out))
            texts.append(page.press())
            page.open(link(product, "verify-email", verify))
            texts.append(page.message)
            return texts

    assert await asyncio.to_thread(surf) == [
        ENGLISH[name]
        for name in (
            "verify.done",
            "reset.done",
            "password_too_weak",
            "accept.done",
            "optout.done",
            "not_valid",
        )
    ]
    assert await owner.fetchval(VERIFIED, eve.id) is True
    assert (await eve.sign_in(NEW)).status_code == 200
    ben = (await Person(product.http, email, {}).sign_in()).json()
    assert ben["tenantId"] == ada.given["tenantId"]
    assert await owner.fetchval(OPTED_OUT, fingerprint) == 1


async def test_a_reader_sees_a_page_in_their_language(product: Product, tmp_path: Path) -> None:
    def surf() -> tuple[str | None, str]:
        with browser(tmp_path, scripts=False, languages="de-CH,de") as page:
            page.open(link(product, "reset-password", "x"))
            return page.language, page.heading

    assert await asyncio.to_thread(surf) == ("de", GERMAN["reset"])


def test_every_language_says_everything() -> None:
    assert GERMAN.keys() == ENGLISH.keys()
    assert [texts_for(header) for header in ("de-AT,en;q=0.5", "fr,de", "fr", "", "*;q=x")] == [
        GERMAN,
        GERMAN,
        ENGLISH,
        ENGLISH,
        ENGLISH,
    ]


async def good_tokens(product: Product, owner: Connection) -> dict[str, str]:
    """For each page a token that was never used."""
    eve = await registered(product)
    _, invite = await invited(product, f"{uuid4().hex}@example.com")
    return {
        "verify-email": await verify_token(product, owner, eve),
        "reset-password": await reset_token(product, owner, eve),
        "accept-invitation": invite,
        "mail-opt-out": mailed(product).of(OPT_OUT, uuid4()),
    }


PAGES = ("verify-email", "reset-password", "accept-invitation", "mail-opt-out")


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_is_kept_by_nobody_and_tells_nobody_its_address(
    product: Product, owner: Connection, page: str
) -> None:
    token = (await good_tokens(product, owner))[page]
    answer = await product.http.get(f"/{page}", params={"token": token})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script" not in policy + answer.text.lower()
    assert token in answer.text


@pytest.mark.parametrize("page", PAGES)
async def test_opening_a_link_does_nothing(product: Product, owner: Connection, page: str) -> None:
    """Mail programs and scanners open links before people do."""
    eve, fingerprint = await registered(product), uuid4()
    email = f"{uuid4().hex}@example.com"
    _, invite = await invited(product, email)
    tokens = {
        "verify-email": await verify_token(product, owner, eve),
        "reset-password": await reset_token(product, owner, eve),
        "accept-invitation": invite,
        "mail-opt-out": mailed(product).of(OPT_OUT, fingerprint),
    }
    before = await owner.fetchval("select max(position) from es.events")
    await product.http.get(f"/{page}", params={"token": tokens[page]})
    assert await owner.fetchval("select max(position) from es.events") == before
    assert await owner.fetchval(OPTED_OUT, fingerprint) == 0


FORGED: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example.com"},
    {"origin": "http://["},
    {"content-type": "text/plain"},
]


@pytest.mark.parametrize("headers", FORGED)
async def test_a_form_of_another_site_does_nothing(
    product: Product, owner: Connection, headers: dict[str, str]
) -> None:
    eve = await registered(product)
    token = await verify_token(product, owner, eve)
    sent: dict[str, Any] = {"content": f"token={token}"}
    own = {"content-type": "application/x-www-form-urlencoded", "accept-language": "en"}
    answer = await product.http.post("/verify-email", **sent, headers={**own, **headers})
    assert (answer.status_code, ENGLISH["other_site"] in answer.text) == (400, True)
    assert await owner.fetchval(VERIFIED, eve.id) is False
    good = await product.http.post("/verify-email", **sent, headers={**own, "origin": "null"})
    assert good.status_code == 200
    assert await owner.fetchval(VERIFIED, eve.id) is True


async def test_what_somebody_typed_is_no_markup(product: Product) -> None:
    evil = '"><script>alert(1)</script>'
    _, invite = await invited(product, f"{uuid4().hex}@example.com")
    form = {"token": invite, "first_name": evil, "password": "short"}
    answer = await product.http.post("/accept-invitation", data=form)
    assert "<script" not in answer.text
    assert "&quot;&gt;&lt;script&gt;" in answer.text
    shown = await product.http.get("/verify-email", params={"token": evil})
    assert "alert(1)" not in shown.text


async def test_who_has_an_account_joins_with_its_password(product: Product) -> None:
    ben = await registered(product)
    ada, invite = await invited(product, ben.email)
    wrong = await product.http.post(
        "/accept-invitation", data={"token": invite, "password": "wrong one here"}
    )
    assert (wrong.status_code, ENGLISH["sign_in_refused"] in wrong.text) == (400, True)
    right = await product.http.post("/accept-invitation", data={"token": invite, "password": PASSWORD})
    assert (right.status_code, ENGLISH["accept.done"] in right.text) == (200, True)
    body = {"email": ben.email, "password": PASSWORD, "tenantId": ada.given["tenantId"]}
    assert (await post(product.http, "sign-in", body)).json()["tenantId"] == ada.given["tenantId"]


async def test_a_token_in_an_address_is_in_no_log(product: Product) -> None:
    _, invite = await invited(product, f"{uuid4().hex}@example.com")
    for line in (f"GET /accept-invitation?token={invite} HTTP/1.1", f"token={invite}&password=x"):
        assert invite.rpartition(".")[2] not in redacted(line)


async def test_too_large_a_form_is_refused(product: Product) -> None:
    answer = await product.http.post("/verify-email", data={"token": "x" * 20_000})
    assert answer.status_code == 400


async def test_the_page_of_an_invitation_names_company_and_inviter(product: Product) -> None:
    ada, token = await invited(product, f"{uuid4().hex}@example.com")
    page = {"token": token}
    english = (await product.http.get("/accept-invitation", params=page)).text
    assert "Ada invites you to join the company that calls itself “Acme”." in english
    german = (
        await product.http.get("/accept-invitation", params=page, headers={"accept-language": "de"})
    ).text
    assert "Ada lädt Sie ein, dem Unternehmen beizutreten, das sich „Acme“ nennt." in german
    evil = {"id": ada.given["tenantId"], "name": "<script>alert(1)</script> {inviter}"}
    assert "position" in await ada.client.send("RenameTenant", input=evil)
    escaped = (await product.http.get("/accept-invitation", params=page)).text
    assert "<script>" not in escaped
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {inviter}”" in escaped


@pytest.mark.parametrize(
    ("field", "language", "text"),
    [
        ("first_name", "en", "First name must not be empty."),
        ("last_name", "en", "Last name "),
        ("first_name", "de", "Das Feld „Vorname“ ist leer, zu lang oder enthält etwas"),
        ("last_name", "de", "Das Feld „Nachname“ ist leer, zu lang oder enthält etwas"),
    ],
)
async def test_a_page_names_fields_as_it_shows_them(
    product: Product, field: str, language: str, text: str
) -> None:
    _, token = await invited(product, f"{uuid4().hex}@example.com")
    names = {"first_name": "Ben", "last_name": "Berg", field: "" if field == "first_name" else "x" * 101}
    answer = await product.http.post(
        "/accept-invitation",
        data={"token": token, "password": PASSWORD, **names},
        headers={"accept-language": language},
    )
    assert answer.status_code == 400
    alert = answer.text.split('role="alert">')[1].split("</p>")[0]
    assert text in alert
    assert "_name" not in alert
    # What it is about stands there still.
    assert "Acme" in answer.text
