"""Mailed links that no longer work: the page says so at once, and nothing else."""

from uuid import uuid4

from app.mail.mailed_tokens import VERIFY
from app.pages.texts import ENGLISH
from app.storage.database import Connection
from tests.auth.people import PASSWORD, mailed, registered, reset_token
from tests.kit.product import Product
from tests.pages.links import invited, verify_token

NEW = "a battery of new staples"


async def _shown(product: Product, page: str, token: str) -> str:
    """What a page shows instead of a form; empty when it has one."""
    answer = await product.http.get(f"/{page}", params={"token": token})
    if "<form" in answer.text:
        return ""
    assert answer.status_code == 400
    return answer.text


async def test_a_link_that_no_longer_works_says_so_at_once_and_nothing_else(
    product: Product, owner: Connection
) -> None:
    eve = await registered(product)
    verify, reset = await verify_token(product, owner, eve), await reset_token(product, owner, eve)
    _, accepted = await invited(product, eve.email)
    ada, withdrawn = await invited(product, f"{uuid4().hex}@example.com")
    good = {"verify-email": [verify], "reset-password": [reset], "accept-invitation": [accepted, withdrawn]}
    for page, tokens in good.items():
        for token in tokens:
            # Opening it twice does not use it up.
            assert [await _shown(product, page, token) for _ in range(2)] == ["", ""], page
    for page, form in (
        ("verify-email", {"token": verify}),
        ("accept-invitation", {"token": accepted, "password": PASSWORD}),
        ("reset-password", {"token": reset, "password": NEW}),
    ):
        assert (await product.http.post(f"/{page}", data=form)).status_code == 200, page
    listed = (await ada.client.send("Invitations"))["edges"]
    await ada.client.send("WithdrawInvitation", input={"id": listed[0]["node"]["id"]})
    for page, tokens in good.items():
        strange = await _shown(product, page, "x")
        assert ENGLISH["not_valid"] in strange
        # A link of another kind is none either.
        others = [token for other, tokens in good.items() if other != page for token in tokens]
        for token in (*tokens, *others, mailed(product).of(VERIFY, uuid4()), ""):
            assert await _shown(product, page, token) == strange, page


async def test_a_link_is_void_once_a_password_was_set(product: Product, owner: Connection) -> None:
    eve = await registered(product)
    verify, reset = await verify_token(product, owner, eve), await reset_token(product, owner, eve)
    change = {"current": PASSWORD, "password": NEW}
    assert await eve.client.send("ChangePassword", **change) == {"ok": True}
    for page, token in (("verify-email", verify), ("reset-password", reset)):
        assert ENGLISH["not_valid"] in await _shown(product, page, token)


async def test_a_link_that_is_not_good_names_nobody(product: Product) -> None:
    ada, token = await invited(product, f"{uuid4().hex}@example.com")
    listed = (await ada.client.send("Invitations"))["edges"]
    await ada.client.send("WithdrawInvitation", input={"id": listed[0]["node"]["id"]})
    for bad in (token, f"{token}x", "x", ""):
        page = await product.http.get("/accept-invitation", params={"token": bad})
        assert (page.status_code, "Acme" in page.text) == (400, False)
