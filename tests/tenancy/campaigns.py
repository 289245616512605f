"""What of campaigns takes more than one value of each kind."""

from tests.tenancy.building import Builder
from tests.tenancy.surface import Root


async def compare_variants(builder: Builder, mutation: Root, word: str) -> None:
    """Give a draft two subjects, by the mutation `setCampaignVariants`."""
    two = [{"name": f"{word} {letter}", "share": 50, "subject": f"{word} {letter}"} for letter in "ab"]
    compared = {"id": builder.known["Campaign"][0], "variants": two, "winner": "MANUAL"}
    await builder.make(mutation, {"input": compared})
