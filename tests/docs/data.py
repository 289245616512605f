"""The page of data, made from the inventory."""

from pathlib import Path

from app.catalogue.inventory import inventory
from app.catalogue.shown import as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def page() -> str:
    """The page's text."""
    return as_markdown(inventory())
