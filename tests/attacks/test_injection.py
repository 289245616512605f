"""Every text that the schema takes, filled with what breaks out of other places: it is a text and nothing else.

Mail headers: tests/mail/test_smtp.py. Files are named by ids, which these texts are not.
"""

import asyncio
import json
import os
import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.attacks.arguments import arguments, by_root, document, is_text, places, together
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created

TEXTS: dict[str, str] = {
    "sql": "x'; drop table es.events; --",
    "sql in quotes": "\"'; select pg_sleep(20) --",
    "sql comment": "x'/**/or/**/1=1--",
    "like": "%_%\\",
    "tsquery": "a & !b | (c <-> :* \\ 'd",
    "query string": 'title:* OR _exists_:tenant_id AND (+x -y) /.*/ ~2 ^9 "',
    "query dsl": '{"query":{"match_all":{}}}',
    "redis": "headwater:*:rd:session:?[a-z]\r\nFLUSHALL\r\n",
    "html": "<img src=x onerror=alert(1)><em>x</em>",
    "graphql": '"}) { __typename } } mutation { signOut { __typename } } #',
    "template": "${jndi:ldap://x/y} {{7*7}} %(password)s {0.__class__}",
    "nul": "a\0b",
    "lone surrogate": "\ud800",
    "right to left": "\u202eevil\u202c\u200b\ufeff\u2066",
    "path": "../../../../etc/passwd",
    "windows path": "..\\..\\con",
    "header": "x\r\nBcc: eve@example.com\r\n\r\nbody",
    "address with a header": "a@example.com\r\nBcc: eve@example.com",
    "line separator": "x\u0085\u2028Bcc: eve@example.com",
    "sealed": "hw1.00000000000000000000000000000001.1.-.AAAA.AAAA",
    "large": "\U0001d11e" * 60_000,
}
OURS = {"INTERNAL", "NOT_READY", "UNAVAILABLE"}
"""Codes of what is no fault of the client."""


@pytest.fixture(scope="module")
async def attacker(searching: Product) -> Client:
    """Somebody who may do everything, so that nothing is turned down for want of a permission."""
    client = await searching.newcomer("Eve", permissions=["*"])
    await created(client, "Untouched")
    return client


@pytest.fixture(scope="module")
async def bystander(searching: Product) -> Client:
    """Somebody of another tenant, who must notice nothing."""
    client = await searching.newcomer("Bob")
    await created(client, "Untouched")
    return client


PLACES = places(is_text)
_SHARE = 8
"""Each place is tried with every eighth text, its neighbours with others; ``HEADWATER_ATTACKS=all`` tries all."""


def texts(place: int) -> dict[str, str]:
    """The texts that a place is tried with."""
    if os.environ.get("HEADWATER_ATTACKS") == "all":
        return TEXTS
    return {name: text for at, (name, text) in enumerate(TEXTS.items()) if (at + place) % _SHARE == 0}


def test_every_text_is_tried_somewhere() -> None:
    tried = {name for place in range(len(PLACES)) for name in texts(place)}
    assert tried == set(TEXTS)


@dataclass(frozen=True)
class Trial:
    """A text at a place."""

    path: str
    what: str
    given: dict[str, Any]

    @property
    def alone(self) -> bool:
        """Whether a body that holds it is refused as a whole."""
        return self.what in ("large", "lone surrogate", "nul")


def trials(kind: str, name: str) -> list[list[Trial]]:
    """What a root field is tried with, as it is asked together."""
    found = [
        Trial(path, what, arguments(kind, name, path, text))
        for number, path in PATHS[kind, name]
        for what, text in texts(number).items()
    ]
    if name == "eraseMe":
        return [[trial] for trial in found]
    joined = [trial for trial in found if not trial.alone]
    return [
        *([trial] for trial in found if trial.alone),
        *(joined[at : at + _TOGETHER] for at in range(0, len(joined), _TOGETHER)),
    ]


PATHS = by_root(PLACES)
_TOGETHER = 10


@pytest.mark.parametrize(("kind", "name"), PATHS)
async def test_a_text_is_a_text(
    searching: Product, attacker: Client, bystander: Client, kind: str, name: str
) -> None:
    waiting = trials(kind, name)
    while waiting:
        tried = waiting.pop()
        # Who erases themselves is of no use afterwards.
        client = await searching.newcomer("Eve", permissions=["*"]) if name == "eraseMe" else attacker
        response = await _posted(client, document(kind, name, len(tried)), together([t.given for t in tried]))
        what = [(trial.path, trial.what) for trial in tried]
        assert response.status_code in (200, 400, 413), (what, response.text[:500])
        answer = response.json()
        errors = answer.get("errors", ())
        assert OURS.isdisjoint(error["extensions"]["code"] for error in errors), (what, response.text[:500])
        if answer.get("data") is None and len(tried) > 1:
            # What is no value of its type keeps the others from being executed, so these are asked again.
            bad = {int(number) for number in re.findall(r"\$a(\d+)_", str([e["message"] for e in errors]))}
            left = [trial for number, trial in enumerate(tried) if number not in bad]
            half = len(left) // 2
            waiting += [part for part in ([left] if bad else [left[:half], left[half:]]) if part]


async def test_afterwards_everything_stands(attacker: Client, bystander: Client) -> None:
    """Nothing was dropped, flushed or given to somebody else, and the product answers."""
    for client in (attacker, bystander):
        page = await client.send("Tasks", filter={"text": "Untouched"})
        assert [edge["node"]["title"] for edge in page["edges"]] == ["Untouched"]
    assert len((await bystander.send("Tasks"))["edges"]) == 1


async def test_a_pattern_finds_itself_only(attacker: Client) -> None:
    """Were it a pattern, it would find the task that everybody has."""
    for text in ("%", "_______", "U*", "/.*/", "title:Untouched~", "Untouched:*"):
        found = await attacker.send("Tasks", filter={"tags": {"contains": [text]}})
        assert found["edges"] == [], text
    star = await created(attacker, "100% _sure_", tags=["%"])
    found = await attacker.send("Tasks", filter={"tags": {"contains": ["%"]}})
    assert [edge["node"]["id"] for edge in found["edges"]] == [star["id"]]


async def test_the_markup_of_highlights_is_the_products_own(searching: Product) -> None:
    client = await searching.newcomer("Ann")
    await created(client, "<img src=x onerror=alert(1)> lawn", description="<script>alert(2)</script> lawn")

    async def found() -> dict[str, object]:
        while not (answer := await client.send("SearchTasks", text="lawn"))["edges"]:
            pass
        hit: dict[str, object] = answer["edges"][0]
        return hit

    hit = await found()
    marked = str(hit["highlights"])
    assert "<img" not in marked
    assert "<script" not in marked
    assert "lawn" in marked


async def test_a_header_holds_no_line_of_the_clients(searching: Product) -> None:
    """What comes back in a header is only what cannot end one."""
    url = searching.http.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-correlation-id: a\x0b\x0cset-cookie:x=1\r\n"
        b"connection: close\r\n\r\n"
    )
    answer = (await reader.read()).lower()
    writer.close()
    assert b"set-cookie" not in answer


async def _posted(client: Client, query: str, variables: object) -> httpx.Response:
    # Escaped, for a lone surrogate has no other spelling.
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"authorization": f"Bearer {client.token}", "content-type": "application/json"}
    return await client.http.post("/graphql", content=body, headers=headers)
