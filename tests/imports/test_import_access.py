"""Who sees what of files and imports."""

import pytest

from tests.gateway.sending import a_source
from tests.imports.importing import BAD, FIELDS, Importer, table
from tests.kit.product import Product

pytestmark = pytest.mark.servers


async def test_what_is_in_a_file_is_shown_to_who_may_read_events(
    importer: Importer, product: Product
) -> None:
    asked = {"fileId": await importer.file(BAD), "sourceId": str(importer.source), "fields": FIELDS}
    sender = product.client(
        importer.client.tenant, importer.client.user, ["gateway:read", "gateway:ingest"], role="guest"
    )
    answer = await sender.answer("ProposeImport", input=asked)
    rows = answer["data"]["proposeImport"]["rows"]
    assert [row["event"] for row in rows] == ["***", "***", "***", None]
    assert [each["message"] for each in rows[2]["problems"]] == [
        "amount is no number with . before its decimals."
    ]
    (masked,) = answer["extensions"]["masked"]
    assert (masked["field"], masked["permission"]) == ("ImportPreview.event", "gateway:confidential")


async def test_a_file_that_others_sent_is_named_to_who_may_read_payloads_alone(
    importer: Importer, product: Product
) -> None:
    """Whoever knows its id can have it read, whatever they may see of events."""
    id = (await importer.begin(table(1)))["id"]
    sender = product.client(
        importer.client.tenant, importer.client.user, ["gateway:read", "gateway:ingest"], role="guest"
    )
    assert (await importer.client.send("Import", id=id))["fileId"] is not None
    assert (await sender.send("Import", id=id))["fileId"] is None


async def test_another_tenant_sees_neither_file_nor_import(importer: Importer, product: Product) -> None:
    file = await importer.file(table(3))
    begun = await importer.begin(table(4))
    stranger = await product.newcomer()
    theirs = await a_source(product, stranger)
    sent = {"fileId": file, "sourceId": theirs.id, "format": "CSV", "fields": FIELDS}
    assert (await stranger.send("StartImport", input=sent))["code"] == "import_file_gone"
    assert (await stranger.send("ProposeImport", input={"fileId": file, "sourceId": theirs.id}))["code"] == (
        "import_file_gone"
    )
    assert await stranger.send("Import", id=begun["id"]) is None
    for mutation in ("PauseImport", "ResumeImport", "CancelImport"):
        assert (await stranger.send(mutation, input={"id": begun["id"]}))["code"] == "not_found"
    await importer.ended(begun["id"])


async def test_who_may_not_send_events_imports_nothing(importer: Importer, product: Product) -> None:
    member = await product.newcomer(tenant=importer.client.tenant, role="member")
    assert (await Importer(product, member, importer.source).post(table(2))).status_code == 403
