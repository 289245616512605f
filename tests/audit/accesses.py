"""Accesses for tests: somebody read something, at a time of the test's choosing."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from api.kit.schema.access_log import AccessRecord

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def access(tenant: UUID | None = None, **said: Any) -> AccessRecord:
    """An access in a tenant; what a test cares about is given by name, as `AccessRecord` has it."""
    given: dict[str, Any] = {
        "tenant_id": tenant or uuid4(),
        "user_id": uuid4(),
        "session_id": "a-session",
        "kind": "person",
        "operation": "Task",
        "root_fields": ("task",),
        "fields": ("Task.id", "Task.title"),
        "subjects": (),
        "revealed": (),
        "at": NOW,
        "correlation_id": "c-1",
        "outcome": "done",
    }
    return AccessRecord(**{**given, **said})
