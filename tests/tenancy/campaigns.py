"""What of campaigns takes values that fields of other names do not."""

from collections.abc import Callable

from tests.tenancy.building import Builder
from tests.tenancy.surface import Root


async def compare_variants(builder: Builder, root: Callable[[str], Root], word: str) -> None:
    """Prepare a draft with a sender, and give it two subjects; ``root`` finds mutations by their names."""
    sender = {"name": word, "address": f"{word}@example.com"}
    registered = await builder.make(root("registerSender"), {"input": sender})
    of = {"templateId": builder.known["Template"][0], "senderId": registered["sender"]["id"]}
    draft = await builder.make(root("createCampaign"), {"input": {"name": word, "subject": word, **of}})
    two = [{"name": f"{word} {letter}", "share": 50, "subject": f"{word} {letter}"} for letter in "ab"]
    compared = {"id": draft["campaign"]["id"], "variants": two, "winner": "MANUAL"}
    await builder.make(root("setCampaignVariants"), {"input": compared})
