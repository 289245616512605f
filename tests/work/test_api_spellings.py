"""Ids, days and instants have one spelling; what is none is told plainly."""

from uuid import UUID, uuid4

import pytest

from domain.kit.ids import read_hex, read_id
from tests.kit.client import Client

ID = "018f0000-0000-7000-8000-00000000abcd"
NONE = [
    "----" + ID.replace("-", "")[:32],
    "018f_000-0000-7000-8000-00000000abcd",
    "٠18f0000-0000-7000-8000-00000000abcd",
    "+18f0000-0000-7000-8000-00000000abcd",
    " 18f0000-0000-7000-8000-00000000abcd",
    "{018f0000-0000-7000-8000-0000000abcd}",
    ID.replace("-", ""),
    f"urn:uuid:{ID}",
    f"{ID}\n",
    "",
]


@pytest.mark.parametrize("text", NONE, ids=ascii)
async def test_another_spelling_of_an_id_is_refused_everywhere(client: Client, text: str) -> None:
    with pytest.raises(ValueError, match="An id is a UUID"):
        read_id(text)
    assert (await client.error("Task", id=text))[0] == "BAD_USER_INPUT"
    assert (await client.error("History", stream=text))[0] == "BAD_USER_INPUT"
    assert (await client.error("History", stream=f"task_{text}"))[0] == "BAD_USER_INPUT"
    headers = {"authorization": f"Bearer {client.token}"}
    export = await client.http.get("/exports/" + (text.strip() or "-"), headers=headers)
    assert export.status_code == 404


def test_an_id_may_have_capitals() -> None:
    assert read_id(ID.upper()) == UUID(ID)


@pytest.mark.parametrize("text", ["0" * 31 + "A", "0" * 31 + "٠", "_" + "0" * 31, "-" * 8 + "0" * 32, ""])
def test_tokens_name_ids_in_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        read_hex(text)
    assert read_hex((id := uuid4()).hex) == id


NO_INSTANTS = [
    *("nonsense", "2030-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", ""),
    # ISO 8601, and not RFC 3339.
    *("2030-01-31T12:00:00+14:60", "2030-01-31T12:00:00+24:00"),
    *("2026-W05-1T00:00:00Z", "2026-W05-1", "20300131T120000Z", "2030-01-31T12Z", "2030-01-31T12:00Z"),
    *("2030-01-31T12:00:00,5Z", "2030-01-31T12:00:00+01", "2030-01-31T12:00:00+0100", "2030-031T12:00:00Z"),
    # Neither.
    *(
        "2030-01-31x12:00:00Z",
        "2030-01-31T12:00:00+01:00:30",
        "٢٠٣٠-01-31T12:00:00Z",
        "2030-01-31T12:00:00Z\n",
    ),
]


@pytest.mark.parametrize("text", NO_INSTANTS)
async def test_what_is_no_instant_is_told_plainly(client: Client, text: str) -> None:
    code, message = await client.error("CreateTask", input={"title": "Dig", "dueDate": text})
    assert code == "BAD_USER_INPUT"
    assert "An instant is a text as 2030-01-31T12:00:00Z." in message
    assert "isoformat" not in message


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"),
        ("2030-01-31t12:00:00z", "2030-01-31T12:00:00Z"),
        ("2030-01-31 12:00:00.25+01:30", "2030-01-31T10:30:00.250000Z"),
        ("2030-01-31T12:00:00.123456789-00:00", "2030-01-31T12:00:00.123456Z"),
    ],
)
async def test_every_spelling_of_rfc_3339_is_an_instant(client: Client, text: str, instant: str) -> None:
    receipt = await client.send("CreateTask", input={"title": "Dig", "dueDate": text})
    assert (await client.send("Task", id=receipt["task"]["id"]))["dueDate"] == instant


@pytest.mark.parametrize(
    "text", ["nonsense", "2026-W05-1", "20300131", "2030-031", "2030-1-31", "2030-02-30"]
)
async def test_what_is_no_day_is_told_plainly(client: Client, text: str) -> None:
    code, message = await client.error("TaskDays", sinceDay=text)
    assert code == "BAD_USER_INPUT"
    assert "A day is a text as 2030-01-31." in message
    assert "isoformat" not in message
