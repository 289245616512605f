"""What docs/clients.md does with `EventSource` holds in a real browser: a session in cookies, and no gap."""

import asyncio
import time
from pathlib import Path

from tests.auth.people import PASSWORD, registered
from tests.docs.pages import blocks
from tests.kit.product import Product
from tests.pages.browser import Browser, browser
from tests.pages.test_editor import served_at

_FOLLOW = """
const [email, password, done] = arguments;
window.told = [];
(async () => {
  await signIn(email, password);
  follow((message) => window.told.push(message));
})().then(() => done(null), (error) => done(String(error)));
"""
_TITLES = """
return window.told.flatMap((each) => each.nodes || (each.node ? [each.node] : [])).map((node) => node.title);
"""


def _told(page: Browser, title: str) -> list[str]:
    for _ in range(240):
        titles: list[str] = page.driver.execute_script(_TITLES)
        if title in titles:
            return titles
        time.sleep(0.25)
    raise AssertionError((title, page.driver.execute_script("return window.told;")))


async def test_it_begins_with_the_state_and_goes_on_after_a_restart(product: Product, tmp_path: Path) -> None:
    ada = await registered(product)
    (code,) = (block.text for block in blocks("docs/clients.md", "js") if "// eventsource.js" in block.text)
    await ada.client.send("CreateTask", input={"title": "Before"})

    def follow(page: Browser, port: int) -> list[str]:
        page.open(f"http://127.0.0.1:{port}/")
        page.driver.execute_script(code + "\nObject.assign(window, { signIn, follow });")
        assert page.driver.execute_async_script(_FOLLOW, ada.email, PASSWORD) is None
        return _told(page, "Before")

    with browser(tmp_path / "profile", scripts=True) as page:
        async with served_at(product.settings, 0) as port:
            await asyncio.to_thread(follow, page, port)
            await ada.client.send("CreateTask", input={"title": "Heard"})
            await asyncio.to_thread(_told, page, "Heard")
        # Nobody is there to tell of this one.
        await ada.client.send("CreateTask", input={"title": "Meanwhile"})
        async with served_at(product.settings, port):
            titles = await asyncio.to_thread(_told, page, "Meanwhile")
    assert titles == ["Before", "Heard", "Meanwhile"]
