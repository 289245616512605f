"""What clients may know of a failure, and what only the log knows."""

import logging

import httpx
import pytest

from tests.api.test_ws import opened
from tests.api.toy import Served

SECRET = "the secret of the inside"


async def test_faults_are_masked_and_found_in_the_log_by_their_id(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post("/graphql", json={"query": "{ broken hello }"})
    [error] = response.json()["errors"]
    assert response.status_code == 200
    assert response.json()["data"] == {"broken": None, "hello": "Hello you"}
    assert (error["message"], error["path"], error["extensions"]["code"]) == (
        "Internal error",
        ["broken"],
        "INTERNAL",
    )
    [record] = [record for record in caplog.records if error["extensions"]["errorId"] in record.getMessage()]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == SECRET
    assert SECRET not in response.text


async def test_one_fault_in_many_fields_is_logged_once(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post("/graphql", json={"query": "{ brokenMany { value } }"})
    errors = response.json()["errors"]
    assert len(errors) == 100
    assert len({error["extensions"]["errorId"] for error in errors}) == 1
    assert len(caplog.records) == 1


async def test_errors_for_the_client_keep_their_code(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post("/graphql", json={"query": "{ forbidden }"})
    [error] = response.json()["errors"]
    assert error["message"] == "You may not see this."
    assert error["extensions"] == {"code": "FORBIDDEN", "permission": "secrets"}
    assert not caplog.records


async def test_a_value_of_the_wrong_type_is_a_fault(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ unserialisable }"})
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert SECRET not in response.text


@pytest.mark.parametrize(("field", "shown"), [("surrogate", "?"), ("huge", str(2**70))])
async def test_a_value_that_json_cannot_hold_is_shown_as_a_text(
    client: httpx.AsyncClient, field: str, shown: str
) -> None:
    response = await client.post("/graphql", json={"query": f"{{ hello {field} }}"})
    assert response.json() == {"data": {"hello": "Hello you", field: shown}}


async def test_a_fault_before_execution_is_masked_too(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"authorization": "Bearer let-me-in as a fault"}
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    [error] = response.json()["errors"]
    assert (response.status_code, error["message"]) == (500, "Internal error")
    assert error["extensions"]["errorId"] in caplog.text


async def test_a_fault_of_a_socket_closes_it_with_the_id_of_the_log(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    init = {"type": "connection_init", "payload": {"token": "let-me-in as a fault"}}
    async with opened(server, init) as client:
        code, reason = await client.closed()
    assert code == 4500
    assert reason.removeprefix("Internal error ") in caplog.text
    assert SECRET not in reason
