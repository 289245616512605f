"""GraphiQL is served whole by this server."""

import re

import httpx

from tests.api.toy import Served


async def test_the_page_loads_everything_from_here(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as browser:
        page = await browser.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert 'data-endpoint="/graphql"' in page.text
        loaded = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
        assert len(loaded) == 7
        for address in loaded:
            assert "//" not in address
            response = await browser.get(f"/{address}")
            assert response.status_code == 200
            assert response.headers["content-type"].startswith(("text/css", "text/javascript"))


async def test_the_page_may_load_nothing_from_elsewhere(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as browser:
        policy = (await browser.get("/")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy
    assert "*" not in policy
