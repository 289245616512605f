"""The canonical key of an entity, ``TENANT#{tenantId}#{entityType}#{entityId}``, made and read strictly (ID-T-07).

Its first half is the partition, ``TENANT#{tenantId}``; the rest is the place in it: ``USER#{userId}``, or
``CONFIG`` for the tenant's own configuration, of which there is one.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from domain.kit.context.entities import ENTITY_TYPE, LONGEST_TYPE

CONFIG = "CONFIG"
"""The type, and the whole sort key, of a tenant's configuration."""

# Upper-case digits would be a second spelling of the same key.
_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY = re.compile(f"TENANT#({_ID})#(?:({CONFIG})|({ENTITY_TYPE})#({_ID}))")


@dataclass(frozen=True, slots=True)
class EntityKey:
    """A key, taken apart. Of the type CONFIG the entity is the tenant itself."""

    tenant_id: UUID
    entity_type: str
    entity_id: UUID

    def __post_init__(self) -> None:
        if not re.fullmatch(ENTITY_TYPE, self.entity_type) or len(self.entity_type) > LONGEST_TYPE:
            raise ValueError(f"{self.entity_type!r} is not the type of an entity.")
        if self.entity_type == CONFIG and self.entity_id != self.tenant_id:
            raise ValueError("A tenant has one configuration, which is its own.")

    @property
    def pk(self) -> str:
        """The partition: ``TENANT#{tenantId}``."""
        return partition(self.tenant_id)

    @property
    def sk(self) -> str:
        """The place in it: ``USER#{userId}`` or ``CONFIG``."""
        return CONFIG if self.entity_type == CONFIG else f"{self.entity_type}#{self.entity_id}"

    def __str__(self) -> str:
        return f"{self.pk}#{self.sk}"


def partition(tenant_id: UUID) -> str:
    """The first half of every key of a tenant's."""
    return f"TENANT#{tenant_id}"


def parse(key: str) -> EntityKey:
    """The parts of a key. Raises ValueError for what `EntityKey` would not write just so."""
    # A key has at most some hundred characters; the pattern is not run over what somebody made longer.
    found = _KEY.fullmatch(key) if len(key) <= 200 else None
    if found is None:
        raise ValueError("This is no key of the form TENANT#{tenantId}#{entityType}#{entityId}.")
    tenant, config, entity_type, id = found.groups()
    if config:
        return EntityKey(UUID(tenant), CONFIG, UUID(tenant))
    if entity_type == CONFIG:
        raise ValueError("A tenant's configuration has no id of its own: TENANT#{tenantId}#CONFIG.")
    return EntityKey(UUID(tenant), entity_type, UUID(id))
