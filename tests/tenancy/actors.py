"""Who tries: callers of every kind, each with what the product takes them for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from api.kit.execution.access import Permit, permits
from domain.kit.caller import Caller


class Asks(Protocol):
    """Somebody who can send a document, and of whom it is known what they have been granted."""

    @property
    def name(self) -> str:
        """What they are called in findings."""
        ...

    def granted(self, need: str | None) -> bool:
        """Whether they have what a field needs."""
        ...

    async def ask(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The whole answer to a document."""
        ...


@dataclass(frozen=True)
class Actor:
    """Somebody who asks over HTTP; without a token they are nobody."""

    name: str
    http: httpx.AsyncClient
    caller: Caller
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What they show."""
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    def granted(self, need: str | None) -> bool:
        return permits(self.caller, need) is Permit.GRANTED

    async def ask(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        body = {"query": text, "variables": dict(variables)}
        response = await self.http.post("/graphql", json=body, headers=self.headers)
        answer: dict[str, Any] = response.json()
        return answer
