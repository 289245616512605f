"""The pages lead on to the page for developers only where there is one."""

from dataclasses import replace

import httpx
import pytest

from app.entry.asgi import create_app
from app.settings import Settings


@pytest.mark.parametrize(("graphiql", "leads"), [("on", True), ("off", False)])
async def test_leads_on_only_to_what_is_there(settings: Settings, graphiql: str, leads: bool) -> None:
    app = create_app(replace(settings, graphiql=graphiql))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
            page = await http.get("/task?id=nothing")
    assert ('href="/"' in page.text) is leads
    assert ("Go to Headwater" in page.text) is leads
