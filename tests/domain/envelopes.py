"""Envelopes as the log would give them back, made without one."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.kit.log import Envelope

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
STREAM = UUID("00000000-0000-7000-8000-00000000000a")


def envelope(
    type: str,
    payload: bytes | str = b"{}",
    *,
    version: int = 1,
    position: int = 1,
    originator_version: int = 1,
) -> Envelope:
    return Envelope(
        position=position,
        tenant_id=UUID(int=1),
        topic=type.rpartition(".")[0],
        originator_id=STREAM,
        originator_version=originator_version,
        event_id=uuid4(),
        type=type,
        version=version,
        timestamp=NOON,
        payload=payload,
        metadata=b"{}",
        command_id=uuid4(),
        correlation_id="a request",
        causation_id=None,
        user_id=None,
        session_id=None,
        source="tests",
        environment="test",
        region="local",
    )
