"""A check for `verify`: every sealed text in the log stands where it was made for, and opens."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from app.keys.ring import KeyRing
from app.keys.sealed_text import EventPlace, SealedText
from app.log.verify import Finding
from app.storage.database import Connection
from domain.kit.sealed import is_sealed

_MOST = 20
_TOGETHER = 1_000

# A cursor, for the log may be longer than memory; most events hold nothing sealed and stay in the server.
_SEALED = """
select position, tenant_id, topic, originator_id, originator_version, type, payload::text as payload
  from es.events where payload::text like '%"hw1.%' order by position
"""


class SealedPlaces:
    """Finds texts that were moved to another tenant, stream, event or field, were changed, or have no key."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def __call__(self, connection: Connection, head: int) -> Sequence[Finding]:
        """Check every sealed text of the log. Raises KeysUnavailable."""
        findings: list[Finding] = []
        page: list[Any] = []
        async for row in connection.cursor(_SEALED, prefetch=_TOGETHER):
            page.append(row)
            if len(page) == _TOGETHER:
                findings += await self._page(page)
                page = []
            if len(findings) >= _MOST:
                break
        findings += await self._page(page)
        return findings[:_MOST]

    async def _page(self, rows: Sequence[Any]) -> list[Finding]:
        findings: list[Finding] = []
        good: dict[UUID, list[tuple[str, str]]] = {}
        for row in rows:
            place = EventPlace(row["topic"], row["originator_id"], row["originator_version"], row["type"])
            # A payload is any JSON object.
            payload: dict[str, Any] = msgspec.json.decode(row["payload"])
            for name, value in payload.items():
                if not isinstance(value, str) or not is_sealed(value):
                    continue
                what = f"{name} of the event at position {row['position']}"
                parts = _parsed(value)
                if parts is None or parts.place != place.of(name):
                    findings.append(Finding("sealed texts", f"{what} was sealed for another place"))
                else:
                    good.setdefault(row["tenant_id"], []).append((what, value))
        for tenant_id, texts in good.items():
            findings += await self._unopened(tenant_id, texts)
        return findings

    async def _unopened(self, tenant_id: UUID, texts: list[tuple[str, str]]) -> list[Finding]:
        try:
            await self._ring.open(tenant_id, [text for _, text in texts])
        except ValueError:
            if len(texts) > 1:
                middle = len(texts) // 2
                return [
                    *await self._unopened(tenant_id, texts[:middle]),
                    *await self._unopened(tenant_id, texts[middle:]),
                ]
            return [Finding("sealed texts", f"{texts[0][0]} does not open in its tenant")]
        return []


def _parsed(text: str) -> SealedText | None:
    try:
        return SealedText.parse(text)
    except ValueError:
        return None
