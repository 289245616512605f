"""What people allow, read from the log itself: whoever is about to act on it must not be behind (ADR 32)."""

from collections.abc import Collection
from itertools import accumulate
from uuid import UUID

from domain.governance.consents import ANALYTICS, Consent, Consents, consent_id
from domain.identity.user_rules import UserStatus
from domain.identity.users import User
from domain.kit.aggregate import Aggregate
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
        return subject.status is UserStatus.ACTIVE and not _objects(subject, purpose)

    async def refused(self, tenant_id: UUID, subject_ids: Collection[UUID], purpose: str) -> bool:
        wider = list(accumulate(purpose.split("."), lambda whole, part: f"{whole}.{part}"))
        consents = [consent_id(id, each) for id in subject_ids for each in wider]
        found = await self._repository.get(tenant_id, [*consents, *subject_ids], fresh=True)
        return any(_refuses(each, purpose) for each in found.values())


def _refuses(said: Aggregate, purpose: str) -> bool:
    if isinstance(said, Consent):
        return not said.given
    return isinstance(said, User) and (said.ended or _objects(said, purpose))


def _objects(user: User, purpose: str) -> bool:
    return user.analytics_opt_out and purpose.split(".")[0] == ANALYTICS
