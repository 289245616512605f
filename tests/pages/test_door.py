"""The page for developers, in a browser: whoever follows a link does not sign in by that."""

import asyncio
from pathlib import Path

from selenium.webdriver.support.wait import WebDriverWait

from tests.auth.people import PASSWORD, registered
from tests.kit.product import Product
from tests.pages.browser import browser

_KEPT = "return sessionStorage.getItem('graphiql-door')"
_TOLD = "return document.getElementById('told').textContent"


async def test_a_link_fills_the_form_in_and_a_person_signs_in(product: Product, tmp_path: Path) -> None:
    ada = await registered(product)
    link = f"{product.http.base_url}#email={ada.email}&password={PASSWORD}"

    def visit() -> None:
        with browser(tmp_path / "profile", scripts=True) as page:
            page.open(link)
            look = page.driver.execute_script
            assert look(_TOLD) == "Press the button to sign in."
            assert look(_KEPT) is None
            assert look("return location.hash") == ""
            page.press()
            WebDriverWait(page.driver, 120).until(lambda _: look(_TOLD) == f"Signed in as {ada.email}")
            kept = look(_KEPT)
            # Whoever is signed in stays who they are, whoever's link it is.
            page.open(f"{product.http.base_url}?x#email=other@example.com&password=x")
            assert look(_TOLD) == f"Signed in as {ada.email}"
            assert look(_KEPT) == kept

    await asyncio.to_thread(visit)


_ANSWER = "return document.querySelector('.graphiql-response').textContent"
_ASKED = "return performance.getEntriesByType('resource').filter(one => one.name.endsWith('/graphql')).length"
_EDITOR = "return document.querySelector('.graphiql-query-editor') !== null"


async def test_nobody_sees_an_error_before_they_did_anything(product: Product, tmp_path: Path) -> None:
    ada = await registered(product)

    def visit() -> tuple[bool, int]:
        with browser(tmp_path / "profile", scripts=True) as page:
            page.open(str(product.http.base_url))
            look = page.driver.execute_script
            WebDriverWait(page.driver, 120).until(lambda _: look(_EDITOR))
            # What was asked for before this is answered by now, too.
            answer = look(f"return fetch('/health/live').then(() => {{ {_ASKED} }})")
            before = look(_ANSWER)
            page.fill("email", ada.email)
            page.fill("password", PASSWORD)
            page.press()
            # The editor asks for the schema once somebody is known.
            WebDriverWait(page.driver, 120).until(lambda _: look(_ASKED) > 0)
            return "UNAUTHENTICATED" in before, answer

    assert await asyncio.to_thread(visit) == (False, 0)
