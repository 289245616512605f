"""The page of data, made from the inventory: ``python -m tests.docs.data`` writes it anew."""

from pathlib import Path

from app.catalogue.inventory import inventory
from app.catalogue.shown import as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def page() -> str:
    """The page's text."""
    return as_markdown(inventory())


if __name__ == "__main__":
    PAGE.write_text(page())
