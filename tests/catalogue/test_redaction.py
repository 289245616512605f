"""No address, token, key or password reaches a log line, wherever in a record it stands."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from app.telemetry.logs import JsonLines
from app.telemetry.redaction import is_secret_name, redacted
from tests.kit.product import Product

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl_-"
SEALED = f"hw1.{'a' * 32}.1.0f0f.bm9uY2U_Y2lwaGVy"


class Captured(io.StringIO):
    """What a process wrote to its log."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The records, each as the JSON object that it is."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def captured() -> Iterator[Captured]:
    """Everything that is logged, formatted as the product formats it."""
    stream = Captured()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no mail to ada@example.com now", "no mail to [e-mail] now"),
        ("GET /?to=ada%40example.com&a=1", "GET /?to=[e-mail]&a=1"),
        ("Ada <a.b+c@mail.example.co.uk>", "Ada <[e-mail]>"),
        (f"token {JWT} expired", "token [token] expired"),
        ("sent Bearer abcdef012345", "sent Bearer [token]"),
        (f"row {SEALED} is bad", "row [sealed] is bad"),
        ("key hw_live_0a1b2c3d4e", "key [key]"),
        (f"link reset.{'0' * 32}.{'x' * 43}", "link [token]"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "[hash]"),
        ("postgresql://headwater:pass@db:5432/x", "postgresql://[credentials]@db:5432/x"),
        ('{"newPassword": "a \\"b\\" c", "n": 1}', '{"newPassword": [hidden], "n": 1}'),
        ("RegisterUser(first_name='Ada', n=2)", "RegisterUser(first_name=[hidden], n=2)"),
        ("client_secret=abc&grant=x", "client_secret=[hidden]&grant=x"),
        ("Key (email)=(ada) already exists.", "Key (email)=[hidden]"),
        ("Failing row contains (1, Ada, null).", "Failing row contains [hidden]"),
        ("Failing row contains (1, a\nlong text, null).", "Failing row contains [hidden]"),
        ('{\\"password\\": \\"a b \\\\\\" c\\", \\"n\\": 1}', '{\\"password\\": [hidden], \\"n\\": 1}'),
        ("secret=b'a b' n", "secret=[hidden] n"),
        ('password="a b that was cut', "password=[hidden]"),
        ("< Cookie: a=b; c=d\n< Host: x", "< Cookie: [hidden]\n< Host: x"),
        ("Authorization: Digest a=b, c=d\nx", "Authorization: [hidden]\nx"),
        ("to=a%40example.com%2Cb%40example.com", "to=[e-mail][e-mail]"),
        ("by jürgen@exämple.de", "by [e-mail]"),
        ("Bearer%20abcdef012345", "Bearer [token]"),
    ],
)
def test_what_may_stand_in_no_log_is_replaced(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Task 0190f5e2-7c4a-7e13-b1a5-1f2e3d4c5b6a moved to position 12.",
        "The views' pointers cannot be read: TimeoutError()",
        "http://127.0.0.1:8000/graphql @ 12:00",
        "3 tokens were issued",
    ],
)
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    "name", ["email", "newPassword", "token_hash", "refreshToken", "ip_address", "firstName", "api_key"]
)
def test_members_with_telling_names_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["title", "id", "correlation_id", "position", "status", "tokenizer"])
def test_other_members_are_not(name: str) -> None:
    assert not is_secret_name(name)


def test_every_part_of_a_record_is_redacted(captured: Captured) -> None:
    logger = logging.getLogger("tests.redaction")
    extra = {"caller": {"email": "ada@example.com", "ids": [1, JWT]}, "password": "plain", "attempt": 3}
    try:
        raise ValueError("ada@example.com is no number")
    except ValueError:
        logger.exception("%s failed for %s", JWT, {"mail": "ada@example.com"}, extra=extra, stack_info=True)
    assert "example.com" not in captured.getvalue()
    assert JWT not in captured.getvalue()
    (line,) = captured.lines
    assert line["message"] == "[token] failed for {'mail': '[e-mail]'}"
    assert line["caller"] == {"email": "[hidden]", "ids": [1, "[token]"]}
    assert (line["password"], line["attempt"]) == ("[hidden]", 3)
    assert line["error"].endswith("ValueError: [e-mail] is no number")
    assert line["stack"].startswith("Stack (most recent call last)")


async def test_a_flow_that_fails_with_personal_data_in_hand_leaves_none_in_the_log(
    product: Product, captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = product.client(uuid4(), uuid4(), ["users:write"])
    email, name = f"zanzibar.{uuid4().hex}@example.com", "Zanzibara"

    async def broken(self: object, append: object) -> None:
        raise RuntimeError(f"cannot store {email} of first_name={name!r} with {SEALED}")

    monkeypatch.setattr("app.log.postgres.PostgresLog.append", broken)
    answer = await client.post(
        "mutation M($input: RegisterUserInput!) { registerUser(input: $input) { __typename } }",
        {"input": {"id": client.me, "email": email, "firstName": name}},
    )
    assert "errors" in answer.json()
    assert any("RuntimeError" in str(line.get("error")) for line in captured.lines), "it was logged"
    for secret in (email, name, SEALED, client.token):
        assert secret not in captured.getvalue()
