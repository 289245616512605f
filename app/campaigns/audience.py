"""The audience of a campaign: its lists' subscribers, each once, frozen in mailings as it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.mailings.mailings import LARGEST, FreezeMailing, Mailing, Recipient, mailing_id
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import SYSTEM, Caller
from domain.kit.ids import id_from
from domain.kit.process.jobs import Part
from domain.kit.refusals import Refusal
from projections.campaigns.contact_lists import ContactLists, ContactMemberships
from projections.kit.read.postgres_reader import PostgresRows

_AT_ONCE = 20
"""Mailings that are frozen in a part."""
_RECIPIENTS = """
select distinct on (m.contact_id) m.contact_id, m.contact_list_id
  from {memberships} m
 where m.tenant_id = $1 and m.contact_list_id = any($2::uuid[]) and m.state = 'subscribed' and m.contact_id > $3
   and exists (select from {lists} l where l.tenant_id = $1 and l.id = m.contact_list_id)
 order by m.contact_id, array_position($2::uuid[], m.contact_list_id)
 limit $4
"""
_NONE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Listed:
    contact_id: UUID
    contact_list_id: UUID


class CampaignAudience:
    """Freezes the audiences of one database's campaigns."""

    def __init__(self, bus: Bus, repository: Repository, rows: PostgresRows) -> None:
        self._bus, self._repository, self._rows = bus, repository, rows

    async def freeze(self, tenant_id: UUID, campaign: Campaign, progress: Mapping[str, int]) -> Part:
        """Freeze recipients that follow on those that are frozen. Called another time, it goes on where it was."""
        campaign_id = campaign.id
        number, last = await self._frozen(tenant_id, campaign_id, progress.get("frozen", 0))
        listed = await self._rows.select(
            {"lists": ContactLists, "memberships": ContactMemberships},
            tenant_id,
            _RECIPIENTS,
            list(campaign.list_ids),
            last,
            _AT_ONCE * LARGEST,
            shape=_Listed,
        )
        for start in range(0, len(listed), LARGEST):
            recipients = tuple(
                Recipient(contact_id=each.contact_id, contact_list_id=each.contact_list_id)
                for each in listed[start : start + LARGEST]
            )
            id = mailing_id(campaign_id, number)
            outcome = await self._bus.send(
                FreezeMailing(id=id, campaign_id=campaign_id, recipients=recipients),
                by=as_sender(tenant_id),
                command_id=id_from(id, "freeze"),
            )
            if isinstance(outcome, Refusal):
                raise outcome
            number += 1
        if len(listed) == _AT_ONCE * LARGEST:
            return Part({"frozen": number}, over=False)
        return Part({"frozen": number, "mailings": number, "next": 0}, over=False)

    async def _frozen(self, tenant_id: UUID, campaign_id: UUID, number: int) -> tuple[int, UUID]:
        """The number of mailings that are frozen, of which so many are known, and their last contact."""
        last = _NONE
        number = max(number - 1, 0)
        while True:
            id = mailing_id(campaign_id, number)
            mailing = (await self._repository.get(tenant_id, [id], fresh=True)).get(id)
            if not isinstance(mailing, Mailing):
                return number, last
            number, last = number + 1, mailing.recipients[-1].contact_id


def as_sender(tenant_id: UUID) -> Caller:
    """As whom it is stored what was sent."""
    return Caller(tenant_id=tenant_id, user_id=SYSTEM)
