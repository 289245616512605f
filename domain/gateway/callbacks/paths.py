"""The paths at which callbacks come in: each names a source of a tenant."""

from uuid import UUID

from domain.kit.ids import read_hex

PREFIX = "/webhooks/"


def callback_path(tenant_id: UUID, source_id: UUID) -> str:
    """Where the callbacks of a source come in."""
    return f"{PREFIX}{tenant_id.hex}{source_id.hex}"


def read_callback_path(name: str) -> tuple[UUID, UUID]:
    """The tenant and the source that the last part of a path names. Raises ValueError."""
    return read_hex(name[:32]), read_hex(name[32:])
