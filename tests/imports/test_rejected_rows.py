"""Rows that an import rejects: each is kept as a dead letter of the import, to be corrected and let in."""

import json

import pytest

from tests.gateway.sending import Json, Sender, event
from tests.imports.importing import BAD, Importer, counts, table

pytestmark = pytest.mark.servers


async def _letters(importer: Importer, shop: Sender, import_id: str) -> list[Json]:
    (last,) = await shop.answers(event())
    listed = await importer.client.send(
        "DeadLetters", filter={"importId": {"eq": import_id}}, afterPosition=last["position"]
    )
    found = [edge["node"] for edge in listed["edges"]]
    return sorted(found, key=lambda letter: letter["fileLine"])


async def test_a_rejected_row_says_line_column_and_value(importer: Importer, shop: Sender) -> None:
    begun = await importer.begin(BAD)
    assert counts(await importer.ended(begun["id"])) == [4, 1, 0, 3]
    letters = await _letters(importer, shop, begun["id"])
    assert [(each["fileLine"], each["fileColumn"], each["rule"]) for each in letters] == [
        (3, "at", "envelope"),
        (4, "amount", "row"),
        (5, None, "row"),
    ]
    assert json.loads(letters[1]["raw"])["data"]["payload"] == {"orderId": "o-3", "totalAmount": "1,5"}
    # Nobody knows whom it is about, so it does not outlive its file.
    assert letters[2]["raw"] is None


async def test_a_rejected_row_is_corrected_and_let_in(importer: Importer, shop: Sender) -> None:
    begun = await importer.begin(BAD)
    await importer.ended(begun["id"])
    letter = (await _letters(importer, shop, begun["id"]))[1]
    as_it_is = await importer.client.send("ReplayDeadLetter", input={"id": letter["id"]})
    assert as_it_is["code"] == "letter_was_cut"
    many = await importer.client.send("ReplayDeadLetters", input={"rule": "row", "dryRun": False})
    assert (many["matched"], many["replayed"], many["rejected"]) == (2, 0, 2)
    corrected = letter["raw"].replace('"1,5"', "1.5")
    receipt = await importer.client.send("ReplayDeadLetter", input={"id": letter["id"], "event": corrected})
    assert receipt["result"]["status"] == "ACCEPTED"
    assert await importer.run(BAD) == [4, 0, 1, 3]


async def test_each_import_keeps_the_rows_that_it_rejected(importer: Importer, shop: Sender) -> None:
    for _ in range(2):
        begun = await importer.begin(BAD)
        await importer.ended(begun["id"])
        assert len(await _letters(importer, shop, begun["id"])) == 3


async def test_no_rejected_row_is_lost_where_there_are_too_many(
    importer: Importer, shop: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = table(600) + b"x\n" * 5
    monkeypatch.setattr("app.gateway.ingestion.MOST_A_DAY", 4)
    begun = await importer.begin(content)
    failed = await importer.ended(begun["id"], as_="FAILED")
    assert (failed["error"], counts(failed)) == ("too_many_rejected", [500, 500, 0, 0])
    monkeypatch.setattr("app.gateway.ingestion.MOST_A_DAY", 5)
    await importer.client.send("ResumeImport", input={"id": begun["id"]})
    assert counts(await importer.ended(begun["id"])) == [605, 600, 0, 5]
    assert len(await _letters(importer, shop, begun["id"])) == 5
