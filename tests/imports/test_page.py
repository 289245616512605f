"""docs/imports.md is true: what stands there is run as it stands, and answered as it says."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import blocks
from tests.gateway.sending import Sender, event
from tests.imports.importing import Importer, counts

pytestmark = pytest.mark.servers
PAGE = "docs/imports.md"


async def _sent(importer: Importer, folder: Path) -> Any:
    """The answer to the command that sends the file."""
    (command,) = blocks(PAGE, "sh")
    told = {"HEADWATER": str(importer.product.http.base_url), "TOKEN": importer.client.token, "NO_PROXY": "*"}
    process = await asyncio.create_subprocess_shell(
        command.text, env={**os.environ, **told}, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(answer)


async def _answered(importer: Importer, document: str, **variables: object) -> Any:
    answer = (await importer.client.post(document, variables)).json()
    assert "errors" not in answer, answer
    (found,) = answer["data"].values()
    return found


async def test_a_file_is_imported_as_it_says(importer: Importer, shop: Sender, tmp_path: Path) -> None:
    file = await _sent(importer, tmp_path)
    (said,) = (json.loads(block.text) for block in blocks(PAGE, "json"))
    assert {**file, "id": "…", "expiresAt": "…"} == said
    propose, start, watch, rejected = (block.text for block in blocks(PAGE, "graphql"))
    asked = {"file": file["id"], "source": shop.id}
    proposal = await _answered(importer, propose, **asked)
    assert (proposal["separator"], proposal["decimalMark"], proposal["zone"]) == (";", "COMMA", "UTC")
    id = (await _answered(importer, start, **asked))["import"]["id"]
    assert counts(await importer.ended(id)) == [2, 1, 0, 1]
    assert (await _answered(importer, watch, id=id))["done"] == file["size"]
    (last,) = await shop.answers(event())
    await importer.client.send("DeadLetters", afterPosition=last["position"])
    (letter,) = (await _answered(importer, rejected, id=id))["nodes"]
    assert (letter["fileLine"], letter["fileColumn"]) == (3, "amount")
    assert letter["message"] == "amount is no number."
