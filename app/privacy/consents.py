"""What people allow, read from the log itself: whoever is about to act on it must not be behind (ADR 32)."""

from uuid import UUID

from domain.governance.consents import ANALYTICS, Consent, Consents, consent_id
from domain.identity.user_rules import UserStatus
from domain.identity.users import User
from domain.kit.bus.repository import Repository


class LoggedConsents(Consents):
    """What it cannot read rises, so that nothing is done meanwhile."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def given(self, tenant_id: UUID, subject_id: UUID, purpose: str) -> bool:
        id = consent_id(subject_id, purpose)
        found = await self._repository.get(tenant_id, [id, subject_id], fresh=True)
        consent, subject = found.get(id), found.get(subject_id)
        if not isinstance(consent, Consent) or not consent.given:
            return False
        if subject is not None and subject.ended:
            return False
        if not isinstance(subject, User):
            return True
        objects = subject.analytics_opt_out and purpose.split(".")[0] == ANALYTICS
        return subject.status is UserStatus.ACTIVE and not objects
