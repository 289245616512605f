"""What waits for a webhook that was deleted."""

from uuid import UUID

from domain.kit.process.effects import Effect


class Skip(Effect, attempts=15, transactional=True):
    """End deliveries that wait for a webhook that is gone: many at once, whatever moment they wait for."""

    webhook_id: UUID
