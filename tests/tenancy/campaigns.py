"""What of campaigns and of marketing takes values that fields of other names do not."""

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


async def import_report(builder: Builder, root: Callable[[str], Root], word: str, file_id: str) -> None:
    """Start an import of a report from this file, in the currency and zone of its account."""
    account = {"name": f"{word} ads", "channel": "META", "currency": "EUR", "zone": "Europe/Berlin"}
    opened = await builder.make(root("openMarketingAccount"), {"input": account})
    columns = [{"member": member, "column": word} for member in ("CAMPAIGN", "DATE", "SPEND")]
    said = {
        "fileId": file_id,
        "format": "CSV",
        "currency": "EUR",
        "zone": "Europe/Berlin",
        "columns": columns,
    }
    of = {"accountId": opened["marketingAccount"]["id"]}
    await builder.make(root("startMarketingImport"), {"input": {**said, **of}})
