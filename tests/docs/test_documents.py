"""The documents on the pages are ones that the API takes."""

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
