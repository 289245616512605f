"""What a new visitor of the page for developers finds: what this is, whom to be, documents to run."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from graphql import OperationDefinitionNode, parse
from graphql.execution.values import get_variable_values
from selenium.webdriver.support.wait import WebDriverWait

import app.entry.serve
from app.http.listener import listening
from app.pages.documentation import documentation
from app.pages.editor import TABS, editor_links, editor_tabs
from app.settings import Settings
from tests.auth.people import PASSWORD, registered
from tests.kit.processes import until
from tests.kit.product import Product
from tests.pages.browser import Browser, browser
from tests.schema.published import faults, published

_ANSWER = "return document.querySelector('.graphiql-response').textContent"
_RUN = "document.querySelector('.graphiql-execute-button').click()"
_TABS = (
    "return [...document.querySelectorAll('.graphiql-tab-button, .graphiql-tab')].map(one => one.textContent)"
)
_TOLD = "return document.getElementById('told').textContent"


def test_the_documents_of_its_tabs_are_those_of_clients_and_good() -> None:
    tabs = editor_tabs()
    assert len(tabs) == len(TABS)
    for tab in tabs:
        assert faults(tab.document) == []
        operation = parse(tab.document).definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        values = dict(tab.variables)
        if "id" in values.get("input", {}):
            values["input"] = {**values["input"], "id": "018f0000-0000-7000-8000-000000000000"}
        found = get_variable_values(published(), operation.variable_definitions or (), values)
        assert not isinstance(found, list), found


async def test_what_it_links_to_is_there(product: Product) -> None:
    page = (await product.http.get("/")).text
    assert "Headwater is a backend for the customer operations of many companies" in page
    assert 'id="people"' not in page
    links = editor_links(schema=True)
    assert list(links) == ["README", "Tour", "Clients", "Schema"]
    for address in links.values():
        assert f'href="{address}"' in page
        answer = await product.http.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for outside in ("/docs/../pyproject.toml", "/docs/%2e%2e/pyproject.toml", "/docs/nothing.md", "/docs/"):
        assert (await product.http.get(outside)).status_code == 404


async def test_no_link_of_the_documentation_is_dead(product: Product) -> None:
    pages = {address: (await product.http.get(address)).text for address in documentation()}
    names = {address: set(re.findall(r' id="([^"]+)"', text)) for address, text in pages.items()}
    dead = [
        (address, link)
        for address, text in pages.items()
        for link in re.findall(r'href="([^"]+)"', text)
        if not link.startswith(("http", "mailto:"))
        for path, _, name in (link.partition("#"),)
        if (path != "/" and (path or address) not in pages) or (name and name not in names[path or address])
    ]
    assert dead == []
    assert "not_finished" in names["/docs/errors.md"]
    assert "<script" not in "".join(pages.values())


@asynccontextmanager
async def served_at(settings: Settings, port: int) -> AsyncIterator[int]:
    """The API on this port, 0 being any; the port."""
    with listening("127.0.0.1", port) as listener:
        server = app.entry.serve.create_server(settings)
        serving = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started or serving.done())
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await serving


def seen(page: Browser, script: str, text: str) -> str:
    """What a script gives, once this text is in it."""
    look = page.driver.execute_script
    WebDriverWait(page.driver, 120).until(lambda _: text in str(look(script)))
    return str(look(script))


def chosen(page: Browser, name: str) -> None:
    """Another tab."""
    page.driver.execute_script(
        "[...document.querySelectorAll('.graphiql-tab-button')]"
        f".find(one => one.textContent === '{name}').click()"
    )


def signed_in(page: Browser, url: str, email: str) -> None:
    """Somebody who has signed in, and sees the editor."""
    page.open(url)
    seen(page, "return document.querySelector('.graphiql-execute-button') !== null", "True")
    page.fill("email", email)
    page.fill("password", PASSWORD)
    page.press()
    seen(page, _TOLD, "Signed in")
    seen(page, "return document.querySelector('.graphiql-execute-button') !== null", "True")


async def test_it_opens_with_the_tour_and_tells_a_stranger_to_sign_in(
    product: Product, tmp_path: Path
) -> None:
    def visit() -> None:
        with browser(tmp_path / "profile", scripts=True) as page:
            page.open(str(product.http.base_url))
            tabs = seen(page, _TABS, "TaskChanged")
            assert [name for name in TABS if name not in tabs] == []
            page.driver.execute_script(_RUN)
            assert "UNAUTHENTICATED" not in seen(page, _ANSWER, "Sign in above")
            assert page.driver.execute_script(_TOLD) == "Sign in first."
            chosen(page, "TaskChanged")
            page.driver.execute_script(f"document.getElementById('told').textContent = ''; {_RUN}")
            assert "UNAUTHENTICATED" not in seen(page, _ANSWER, "Sign in above")
            assert seen(page, _TOLD, "Sign in") == "Sign in first."

    await asyncio.to_thread(visit)


async def test_signing_in_opens_no_document_twice(product: Product, tmp_path: Path) -> None:
    ada = await registered(product)

    def visit() -> None:
        with browser(tmp_path / "profile", scripts=True) as page:
            page.open(str(product.http.base_url))
            seen(page, _TABS, "TaskChanged")
            signed_in(page, str(product.http.base_url), ada.email)
            tabs = page.driver.execute_script("return document.querySelectorAll('.graphiql-tab').length")
            assert tabs == len(TABS)

    await asyncio.to_thread(visit)


async def test_a_subscription_outlives_a_restart_of_the_api(product: Product, tmp_path: Path) -> None:
    ada = await registered(product)
    loop = asyncio.get_running_loop()

    def create(title: str) -> None:
        sending = ada.client.send("CreateTask", input={"title": title})
        assert asyncio.run_coroutine_threadsafe(sending, loop).result(60)["task"]

    def watch(page: Browser, port: int) -> None:
        signed_in(page, f"http://127.0.0.1:{port}", ada.email)
        chosen(page, "TaskChanged")
        page.driver.execute_script(_RUN)
        # It watches from some moment on.
        for number in range(60):
            create(f"Before {number}")
            if "Before" in str(page.driver.execute_script(_ANSWER)):
                break
            time.sleep(0.5)

    with browser(tmp_path / "profile", scripts=True) as page:
        async with served_at(product.settings, 0) as port:
            await asyncio.to_thread(watch, page, port)
            await asyncio.to_thread(seen, page, _ANSWER, "Before")
        # Nobody is there to tell of this one.
        await asyncio.to_thread(create, "Meanwhile")
        async with served_at(product.settings, port):
            await asyncio.to_thread(seen, page, _ANSWER, "Meanwhile")
