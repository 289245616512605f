"""The pages of contacts, from the mail that asks to confirm to the link that outlives the contact."""

import asyncio
import re
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from selenium.webdriver.common.by import By

from app.mail.links import MailedLinks
from app.mail.mailed_tokens import MailedTokens
from app.pages.texts import ENGLISH, GERMAN
from domain.processes.contacts.subscription_mails import SubscriptionMails
from tests.campaigns.test_contact_lists import a_contact, a_list, refusal
from tests.kit.at_work import at_work
from tests.kit.client import Client
from tests.kit.product import Product
from tests.pages.browser import browser

NAME = "<b>News</b> & more"


def path(url: str) -> str:
    """The path and query of a link, whatever host its mail names."""
    return httpx.URL(url).raw_path.decode()


@pytest.fixture
def links(product: Product) -> MailedLinks:
    return MailedLinks(product.settings, MailedTokens(product.settings.derive("mailed tokens")))


async def states(client: Client, contact: str) -> dict[str, tuple[str, str, bool]]:
    """What a contact is to lists, by their ids."""
    document = """query($id: ID!) { contact(id: $id) { memberships { nodes {
      contactList { id } state source themself } } } }"""
    answer = (await client.post(document, {"id": contact})).json()
    return {
        each["contactList"]["id"]: (each["state"], each["source"], each["themself"])
        for each in answer["data"]["contact"]["memberships"]["nodes"]
    }


def mailed(product: Product, client: Client) -> list[tuple[str, str, str]]:
    """To whom mails of the client's tenant went, with subject and text."""
    found = []
    for file in sorted((product.settings.data_dir / "mail").glob("*.eml")):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        if message["X-Headwater-Tenant"] == str(client.tenant):
            body = message.get_body()
            assert body is not None
            found.append((message["To"], message["Subject"], body.get_content()))
    return found


async def test_a_contact_confirms_changes_and_leaves_in_a_browser_without_scripts(
    product: Product, client: Client, links: MailedLinks, tmp_path: Path
) -> None:
    named = {"name": NAME, "description": "Each <i>month</i>", "optIn": "DOUBLE"}
    news = (await client.send("CreateContactList", input=named))["contactList"]["id"]
    contact = await a_contact(client, "Zoe@MÜNCHEN.example")
    said = {"id": contact, "contactListId": news, "source": "FORM", "textVersion": "v1"}
    async with at_work(product.settings, SubscriptionMails) as at:
        await client.send("SubscribeContact", input={**said, "ipAddress": "192.0.2.7"})
        assert (await client.send("SubscribeContact", input=said))["code"] == "confirmation_just_asked"
        assert await refusal(client, contact, news) == "NOT_CONFIRMED"
        await at.idle(SubscriptionMails, client.tenant)
    ((to, subject, text),) = mailed(product, client)
    assert (to, subject) == ("Zoe@xn--mnchen-3ya.example", "Please confirm your subscription")
    found = re.search(r"https?://\S+/confirm-subscription\?token=\S+", text)
    assert found is not None
    base, id = str(product.http.base_url).rstrip("/"), UUID(contact)
    preferences = base + path(links.preferences(client.tenant, id))
    unsubscribe = base + path(links.unsubscribe(client.tenant, id, UUID(news)))
    seen: list[dict[str, tuple[str, str, bool]]] = []
    loop = asyncio.get_running_loop()

    def note() -> None:
        seen.append(asyncio.run_coroutine_threadsafe(states(client, contact), loop).result(120))

    def surf() -> list[str]:
        with browser(tmp_path, scripts=False) as page:
            page.open(base + path(found[0]))
            assert NAME in page.driver.find_element(By.CSS_SELECTOR, "main").text
            told = [page.press()]
            note()
            for _ in range(2):
                page.open(preferences)
                assert "Each <i>month</i>" in page.driver.find_element(By.CSS_SELECTOR, "main").text
                page.driver.find_element(By.NAME, "list").click()
                told.append(page.press())
                note()
            page.open(unsubscribe)
            told.append(page.press())
            note()
            return told

    done = [ENGLISH[name] for name in ("confirm.done", *["preferences.done"] * 2, "unsubscribe.done")]
    assert await asyncio.to_thread(surf) == done
    assert [each[news] for each in seen] == [
        ("SUBSCRIBED", "FORM", True),
        ("UNSUBSCRIBED", "MAIL", False),
        ("SUBSCRIBED", "MAIL", True),
        ("UNSUBSCRIBED", "MAIL", False),
    ]
    assert await refusal(client, contact, news) == "SUPPRESSED"
    # A link that confirms is good for nothing any more.
    again = await product.http.get(path(found[0]), headers={"accept-language": "de"})
    sent = await product.http.post(path(found[0]), data={}, headers={"content-type": FORM})
    assert (sent.status_code, GERMAN["confirm"] in again.text) == (400, True)


FORM = "application/x-www-form-urlencoded"


async def test_looking_at_a_link_changes_nothing_and_a_post_of_a_mail_program_does(
    product: Product, client: Client, links: MailedLinks
) -> None:
    news, other = await a_list(client), await a_list(client)
    contact = await a_contact(client, "ben@example.com")
    for each in (news, other):
        await client.send("SubscribeContact", input={"id": contact, "contactListId": each, "source": "API"})
    before = await states(client, contact)
    leave, leave_all = (
        path(links.unsubscribe(client.tenant, UUID(contact), each)) for each in (UUID(news), None)
    )
    preferences = path(links.preferences(client.tenant, UUID(contact)))
    for link in (leave, leave_all, preferences):
        for method in ("GET", "HEAD"):
            answer = await product.http.request(method, link)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "<script" not in answer.text
    # Nor does a form of another site, or a token that nobody has mailed.
    crossed = {"content-type": FORM, "sec-fetch-site": "cross-site"}
    assert (await product.http.post(preferences, content="all=1", headers=crossed)).status_code == 400
    for forged in (
        leave[:-2] + "AA",
        leave.replace("token=unsubscribe", "token=preferences"),
        "/unsubscribe",
    ):
        assert (await product.http.post(forged)).status_code == 400
    assert await states(client, contact) == before
    # RFC 8058: without cookies, without the page, in either form.
    one_click = "List-Unsubscribe=One-Click"
    sent = await product.http.post(leave, content=one_click, headers={"content-type": FORM})
    assert sent.status_code == 200
    assert {id: state for id, (state, *_) in (await states(client, contact)).items()} == {
        news: "UNSUBSCRIBED",
        other: "SUBSCRIBED",
    }
    sent = await product.http.post(leave_all, files={"List-Unsubscribe": (None, "One-Click")})
    assert sent.status_code == 200
    assert await refusal(client, contact, other) == "SUPPRESSED"
    # Once more is the same; and who comes back to one list by themself is written to there alone.
    assert (await product.http.post(leave_all)).status_code == 200
    back = await product.http.post(preferences, content=f"list={other}", headers={"content-type": FORM})
    assert back.status_code == 200
    assert await refusal(client, contact, other) is None
    assert await refusal(client, contact, news) == "SUPPRESSED"


async def test_who_leaves_a_list_that_is_gone_leaves_all(
    product: Product, client: Client, links: MailedLinks
) -> None:
    news, other, contact = (
        await a_list(client),
        await a_list(client),
        await a_contact(client, "ida@example.com"),
    )
    for each in (news, other):
        await client.send(
            "SubscribeContact", input={"id": contact, "contactListId": each, "source": "IMPORT"}
        )
    await client.send("DeleteContactList", input={"id": news})
    leave = path(links.unsubscribe(client.tenant, UUID(contact), UUID(news)))
    assert "nothing of this kind" in (await product.http.get(leave)).text
    assert ENGLISH["unsubscribe.done"] in (await product.http.post(leave)).text
    assert await refusal(client, contact, other) == "SUPPRESSED"


async def test_a_link_that_outlives_its_contact_answers_kindly_and_still_unsubscribes(
    product: Product, client: Client, links: MailedLinks
) -> None:
    news, contact = await a_list(client), await a_contact(client, "eve@example.com")
    await client.send("DeleteContact", input={"id": contact})
    shown = await product.http.get(path(links.preferences(client.tenant, UUID(contact))))
    assert shown.status_code == 200
    assert "does not keep this address any more" in shown.text
    for contact_list_id in (None, UUID(news)):
        leave = path(links.unsubscribe(client.tenant, UUID(contact), contact_list_id))
        for _ in range(2):
            assert ENGLISH["unsubscribe.done"] in (await product.http.post(leave)).text
    again = await a_contact(client, "EVE@example.com")
    await client.send("SubscribeContact", input={"id": again, "contactListId": news, "source": "IMPORT"})
    assert await refusal(client, again, news) == "SUPPRESSED"
    # A contact and a tenant that never were are answered as well.
    nobody = path(links.unsubscribe(client.tenant, uuid4(), None))
    assert (await product.http.post(nobody)).status_code == 200
