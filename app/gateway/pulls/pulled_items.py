"""Makes events of the items that connectors pull."""

import json
import re
from datetime import UTC, datetime
from uuid import UUID

from app.gateway.pulls.http_pages import Json, as_text
from domain.gateway.bodies import value_at
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.tools import TERMS
from domain.kit.codec import Codec

_MILLISECONDS = 100_000_000_000
"""A time that is a number counts seconds since 1970, and milliseconds from this one on."""

_OFFSET = re.compile(r"(?<=[0-9])([+-][0-9]{2})([0-9]{2})$")
"""How some say how far a clock is from UTC."""


class PulledItems:
    """What items are known by, and the events that they become. All of it is fingerprints, which tell nothing of
    what is in them to whoever guesses."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def mark(self, connector: Connector, cursor: str | None) -> str:
        """What a cursor of the connector's address is known by within a pull."""
        text = f"{connector.id} {connector.round} {cursor or ''}"
        return self._codec.fingerprint("connector cursor", text)[:16]

    def key(self, connector: Connector, item: Json) -> str | None:
        """What an item is known by, whatever becomes of it; None for one that says no id."""
        id = as_text(value_at(item, _id_path(connector)))
        return None if id is None else self._codec.fingerprint("connector item", f"{connector.id} {id}")

    def digest(self, item: Json) -> str:
        """What an item as it is is known by."""
        text = json.dumps(item, sort_keys=True, default=str)
        return self._codec.fingerprint("connector content", text)

    def _version(self, connector: Connector, item: Json) -> str:
        """By what an item is another than one of the same id."""
        paths = () if connector.tool is None else TERMS[connector.tool].version_paths
        return self.digest([value_at(item, path) for path in paths] if paths else item)

    def known_by(self, connector: Connector, event: Json) -> str | None:
        """By what an event is the same, whatever else its item says later; None: by all that it says."""
        if connector.tool is None or not TERMS[connector.tool].version_paths:
            return None
        id: str | None = event.get("eventId")
        return id

    def event(
        self,
        connector: Connector,
        item: Json,
        within: UUID,
        at: datetime | None = None,
        *,
        after: str | None = None,
    ) -> Json:
        """The event of an item: the same for the same content ``within`` a connector, or a load, and ``after`` the
        event that it takes the place of. One of an item without an id has none, and is rejected for it."""
        key = self.key(connector, item)
        time = _time(value_at(item, connector.time_path)) if connector.time_path else None
        event = {
            "eventType": connector.event_type,
            "timestamp": time if time is not None or at is None else at.isoformat(),
            "data": {"payload": item},
        }
        if key is not None:
            place = f"{within} {key} {self._version(connector, item)}"
            event |= {
                "eventId": str(self._id(place if after is None else f"{place} after {after}")),
                "correlationId": key,
            }
        user = _user(connector, item)
        return event if user is None else event | {"userId": user}

    def gone(self, connector: Connector, key: str, run_id: UUID, at: datetime) -> Json:
        """The event of an item that is there no more. What it held is known by its key alone."""
        return {
            "eventId": str(self._id(f"{run_id} {key} gone")),
            "eventType": connector.gone_type,
            "timestamp": at.isoformat(),
            "correlationId": key,
            "data": {"payload": {}},
        }

    def _id(self, text: str) -> UUID:
        return UUID(hex=self._codec.fingerprint("connector event", text)[:32])


def _id_path(connector: Connector) -> str:
    """Where items say what they are known by: of those that may be again as they once were, always where their
    tool has it, as two of one id would take the place of one another for ever."""
    terms = None if connector.tool is None else TERMS[connector.tool]
    return connector.id_path if terms is None or not terms.returning else terms.id_path


def _user(connector: Connector, item: Json) -> str | None:
    """Whom an item names; whom a tool has numbered itself, as `$device:1` or a contact, with the tool's name."""
    user = as_text(value_at(item, connector.user_path)) if connector.user_path else None
    if user is None or connector.tool is None:
        return user
    terms = TERMS[connector.tool]
    if user.startswith("$") or (terms.own_users and connector.user_path == terms.user_path):
        return f"{connector.tool.value}:{user.removeprefix('$')}"
    return user


def _time(value: Json) -> Json:
    """A time as events say it; what is none stays, and is rejected for it."""
    if isinstance(value, str):
        return _OFFSET.sub(r"\1:\2", value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS else value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return value
