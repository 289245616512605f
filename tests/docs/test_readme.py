"""README.md and the pages that it sends to are true: the tour goes as it says, lists are those of the program."""

import json
import re
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from app.settings import Settings
from tests.docs import reference
from tests.docs.pages import ROOT, blocks, page
from tests.kit.product import Product, produced
from tests.operations.command_line import commands
from tests.schema.published import faults

README = "README.md"
TOUR = "docs/tour.md"
STEPS = [
    (document.text, json.loads(answered.text))
    for document, answered in pairwise(blocks(TOUR, "graphql", "json"))
    if document.language == "graphql" and answered.language == "json"
]
"""The documents of the tour that the page answers, with the answers."""


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product as the tour starts it: this machine may be called."""
    async with produced(settings, outgoing_loopback=True) as product:
        yield product


@pytest.mark.parametrize(
    "document", [block.text for name in (README, TOUR) for block in blocks(name, "graphql")]
)
def test_a_document_is_valid(document: str) -> None:
    assert faults(document) == []


async def test_the_tour_goes_as_it_says(product: Product) -> None:
    """Ids and positions are those of another run; each is replaced by what stands for it in this one."""
    client = await product.newcomer(permissions=["ops:*"])
    here: dict[str, str] = {}
    for block, shown in STEPS:
        document = block
        for there, now in here.items():
            document = document.replace(f'"{there}"', f'"{now}"')
        response = await client.post(document)
        _compare(shown, response.json(), here)
    assert len(STEPS) == 9


def _compare(shown: Any, found: Any, here: dict[str, str], path: str = "answer") -> None:
    """Fail where the answers differ in shape; note by what texts of this run others are replaced."""
    assert type(shown) is type(found), f"{path} is {found!r}"
    if isinstance(shown, dict):
        assert list(shown) == list(found), path
        for name, value in shown.items():
            _compare(value, found[name], here, f"{path}.{name}")
    elif isinstance(shown, list):
        # A list may be shorter here, as there is no search server.
        for number, (expected, other) in enumerate(zip(shown, found, strict=False)):
            _compare(expected, other, here, f"{path}[{number}]")
    elif isinstance(shown, str) and path.endswith((".id", ".letterId", ".position")):
        here[shown] = found
    elif path.endswith((".title", ".rule", ".status", ".priority", ".code", ".store")):
        assert shown == found, path


def test_it_lists_the_settings() -> None:
    assert page(reference.SETTINGS) == reference.settings_page(), "Run `make generate`."


def test_it_lists_the_commands() -> None:
    listed = re.findall(r"^\| `headwater ([\w -]+)` \| \S", page(reference.COMMANDS), re.MULTILINE)
    assert listed == sorted(commands())
    assert page(reference.COMMANDS) == reference.commands_page(), "Run `make generate`."


@pytest.mark.parametrize("name", [README, "docs/developing.md", "docs/contexts.md"])
def test_what_it_links_to_exists(name: str) -> None:
    folder = (ROOT / name).parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page(name))
    assert links
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_commands_of_make_exist() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=[`\s]*(?:#|`))", page(README)))
    assert named == {"run", "test"}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets
