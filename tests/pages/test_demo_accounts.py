"""The page for developers tells as whom one may sign in, where there is the demo."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from selenium.webdriver.support.wait import WebDriverWait

from app.demo.demo import ensure_demo
from app.settings import Settings
from tests.kit.product import running
from tests.pages.browser import browser


@pytest.fixture(scope="module")
async def demo(settings: Settings) -> Settings:
    """A place with a small demo."""
    small = replace(settings, demo_tasks=1)
    await ensure_demo(small)
    return small


@pytest.mark.parametrize(("environment", "listed"), [("development", True), ("production", False)])
async def test_demo_accounts_are_told_where_they_are_and_never_in_production(
    demo: Settings, environment: str, listed: bool
) -> None:
    there = replace(demo, environment=environment, graphiql="on")
    async with running(there) as url, httpx.AsyncClient(base_url=url, timeout=120) as http:
        page = (await http.get("/")).text
    assert ('id="people"' in page) is listed
    assert ('data-email="ada.andersson@brightside.example.com"' in page) is listed


async def test_a_demo_account_fills_the_form_in_and_does_not_sign_in(demo: Settings, tmp_path: Path) -> None:
    def visit(url: str) -> None:
        with browser(tmp_path / "profile", scripts=True) as page:
            page.open(url)
            WebDriverWait(page.driver, 120).until(
                lambda driver: driver.execute_script(
                    "return document.getElementById('door').hidden === false"
                )
            )
            page.driver.execute_script("document.querySelector('#people button').click()")
            filled = page.driver.execute_script("return document.querySelector('[name=email]').value")
            assert filled == "ada.andersson@brightside.example.com"
            assert page.driver.execute_script("return sessionStorage.getItem('graphiql-door')") is None

    async with running(demo) as url:
        await asyncio.to_thread(visit, url)
