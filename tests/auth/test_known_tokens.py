"""Tokens whose signature was verified once are known until they expire, and only as they are."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.kit.execution.errors import Unauthenticated
from app.auth.tokens import authentication as module
from app.auth.tokens import signed_tokens
from app.auth.tokens.authentication import Tokens

KEY = "ab" * 32


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature is verified from here on."""
    seen: list[str] = []
    genuine = signed_tokens.verified

    async def watched(use: Any, token: str, find: Any) -> dict[str, Any]:
        seen.append(token)
        return await genuine(use, token, find)

    monkeypatch.setattr(module, "verified", watched)
    return seen


def _header(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_token_is_verified_once(verified: list[str]) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(tenant_id=uuid4(), user_id=uuid4(), permissions=["work:read"])
    first, second = await tokens.authenticate(_header(token)), await tokens.authenticate(_header(token))
    assert first == second
    assert verified == [token]


async def test_a_known_token_is_verified_again_once_it_has_expired(verified: list[str]) -> None:
    clock = Clock()
    tokens = Tokens(KEY, clock=clock)
    token = tokens.issue(tenant_id=uuid4(), user_id=uuid4(), lifetime=timedelta(hours=1))
    await tokens.authenticate(_header(token))
    clock.now += 3600 + 11
    await tokens.authenticate(_header(token))
    assert verified == [token, token]


async def test_a_known_token_with_another_signature_is_refused() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(tenant_id=uuid4(), user_id=uuid4())
    await tokens.authenticate(_header(token))
    body, _, signature = token.rpartition(".")
    for other in (f"{body}.{'A' * len(signature)}", f"{body}.", body):
        with pytest.raises(Unauthenticated):
            await tokens.authenticate(_header(other))


async def test_a_refused_token_is_not_kept(verified: list[str]) -> None:
    tokens = Tokens(KEY)
    past = datetime.now(UTC) - timedelta(hours=2)
    token = tokens.issue(tenant_id=uuid4(), user_id=uuid4(), lifetime=timedelta(hours=1), now=past)
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="expired"):
            await tokens.authenticate(_header(token))
    assert verified == [token, token]
