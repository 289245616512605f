"""What the mutations about privacy have in common: who asks, and what came of it."""

from uuid import UUID

from api.kit.model import Refusal, Sending, Sent
from domain.kit.log import AppendReceipt
from projections.governance.privacy import DataSubject


def data_subject(sending: Sending) -> DataSubject:
    """Who asks."""
    return DataSubject(**sending.sent_by)


def sent(stored: AppendReceipt | Refusal, *, target: UUID) -> Sent | Refusal:
    """What a receipt shows the target of, as it then stands, or the refusal."""
    return stored if isinstance(stored, Refusal) else Sent(stored, {"target": target})
