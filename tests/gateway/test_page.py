"""docs/gateway.md is true: its commands are run as they stand, and answered as it says."""

import asyncio
import json
import os
import re
from typing import Any

import pytest

from domain.gateway.envelope import members
from tests.docs.pages import blocks, page
from tests.gateway.sending import Sender
from tests.kit.product import Product
from tests.schema.published import faults

PAGE = "docs/gateway.md"


async def _run(command: str, product: Product, shop: Sender) -> str:
    environ = {**os.environ, "HEADWATER": str(product.http.base_url), "KEY": shop.key, "NO_PROXY": "*"}
    process = await asyncio.create_subprocess_shell(
        command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    return told.decode()


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "…" if name in ("position", "letterId") else _without_places(inner)
            for name, inner in value.items()
        }
    return [_without_places(inner) for inner in value] if isinstance(value, list) else value


async def test_its_commands_are_answered_as_it_says(product: Product, shop: Sender) -> None:
    commands = [block.text for block in blocks(PAGE, "sh")]
    answers = [json.loads(block.text) for block in blocks(PAGE, "json")]
    told = [await _run(command, product, shop) for command in commands]
    of_json = (*told[:2], told[3])
    assert [_without_places(json.loads(text)) for text in of_json] == answers
    assert [json.loads(line)["status"] for line in told[2].splitlines()] == ["accepted", "rejected"]
    again = _without_places(json.loads(await _run(commands[0], product, shop)))
    assert again == {**answers[0], "status": "duplicate"}


@pytest.mark.parametrize("document", [block.text for block in blocks(PAGE, "graphql")])
def test_its_documents_are_valid(document: str) -> None:
    assert faults(document) == []


def test_it_names_every_member_of_an_event() -> None:
    rows = [line for line in page(PAGE).splitlines() if line.startswith("| `")]
    assert set(members()) <= set(re.findall(r"`(\w+)`", "\n".join(rows)))
