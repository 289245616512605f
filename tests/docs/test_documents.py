"""The documents on the pages are ones that the API takes."""

import re

import pytest

from tests.docs.pages import ROOT, Block, blocks
from tests.schema.published import faults

OF_AN_EXAMPLE = {"contexts.md", "developing.md"}
"""Pages that add to the schema what they then ask for."""
DOCUMENTS = [
    (path.name, block)
    for path in sorted((ROOT / "docs").glob("*.md"))
    if path.name not in OF_AN_EXAMPLE
    for block in blocks(f"docs/{path.name}", "graphql")
    if not block.text.startswith("...")
]
ID = "018f0000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("page", "block"), DOCUMENTS, ids=[f"{page} {n}" for n, (page, _) in enumerate(DOCUMENTS)]
)
def test_each_is_valid(page: str, block: Block) -> None:
    text = block.text.replace('"…"', f'"{ID}"')
    assert faults(text) == [], f"{page}, {block.heading}"


OF_OTHERS = (
    {"allOf", "clientId", "clientSecret", "apiSecret", "errorId", "eventName", "externalId", "measurementId"}
    | {"messageId", "multipleOf", "outsideEventId", "patternProperties", "processingTime", "propertyId"}
    | {"serviceAccount", "shouldRetry", "webhookId", "writeKey", "labelChanged", "updateLabel"}
    | {"webSocketImpl"}
)
"""Names in the pages that are in no schema of ours: of tools, of payloads, of what an example adds."""


def test_names_in_the_pages_are_those_of_the_schema() -> None:
    schema = (ROOT / "graphql/schema.graphql").read_text()
    known = set(re.findall(r"^ *(\w+)[(:]", schema, re.MULTILINE)) | set(re.findall(r"[( ](\w+): ", schema))
    named = {
        (path.name, name)
        for path in (ROOT / "docs").glob("*.md")
        for name in re.findall(r"`([a-z]+[A-Z][A-Za-z]*)[(`]", re.sub("(?s)```.*?```", "", path.read_text()))
    }
    assert {(page, name) for page, name in named if name not in known | OF_OTHERS} == set()
