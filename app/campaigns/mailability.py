"""Whether contacts may be written to, from views that are folded with the events themselves (ADR 32)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from uuid import UUID

from domain.campaigns.contacts.mailability import EMAIL, Mailability, MailRefusal
from projections.campaigns.contact_lists import ContactLists, ContactMemberships
from projections.campaigns.contacts import Contacts
from projections.campaigns.suppressions import Suppressions
from projections.governance.consents import ConsentRows
from projections.kit.model import PostgresView
from projections.kit.read.postgres_reader import PostgresRows

_VIEWS: Mapping[str, type[PostgresView[Any]]] = {
    "contacts": Contacts,
    "lists": ContactLists,
    "memberships": ContactMemberships,
    "suppressions": Suppressions,
    "consents": ConsentRows,
}
_REFUSALS = """
select asked.id, case
    when contact.id is null then 'gone'
    when exists (
        select from {suppressions} s
         where s.tenant_id = $1 and s.address = contact.address
           and (s.contact_list_id is null or s.contact_list_id = $3)
    ) then 'suppressed'
    when $3::uuid is null then
        case when consent.given is not true or consent.withdrawn_at is not null then 'no_consent' end
    when not exists (select from {lists} l where l.tenant_id = $1 and l.id = $3) then 'not_subscribed'
    when member.state = 'pending' then 'not_confirmed'
    when member.state is distinct from 'subscribed' then 'not_subscribed'
    when consent.withdrawn_at is not null and not (member.themself and member.since > consent.withdrawn_at)
        then 'no_consent'
    end as refusal
  from unnest($2::uuid[]) as asked (id)
  left join {contacts} contact on contact.tenant_id = $1 and contact.id = asked.id
  left join {memberships} member
    on member.tenant_id = $1 and member.contact_id = asked.id and member.contact_list_id = $3
  left join lateral (
    select bool_or(c.given and c.purpose = $5) as given,
           max(c.withdrawn_at) filter (where not c.given) as withdrawn_at
      from {consents} c where c.tenant_id = $1 and c.subject_id = asked.id and c.purpose = any($4)
  ) consent on true
"""


@dataclass(frozen=True, slots=True)
class _Found:
    id: UUID
    refusal: MailRefusal | None


class InlineMailability(Mailability):
    """What it cannot read rises, so that nothing is sent meanwhile."""

    def __init__(self, rows: PostgresRows) -> None:
        self._rows = rows

    async def refusals(
        self,
        tenant_id: UUID,
        contact_ids: Collection[UUID],
        *,
        contact_list_id: UUID | None = None,
        purpose: str = EMAIL,
    ) -> Mapping[UUID, MailRefusal | None]:
        # Who has withdrawn `marketing` has withdrawn `marketing.email`.
        wider = list(accumulate(purpose.split("."), lambda whole, part: f"{whole}.{part}"))
        ids = list(dict.fromkeys(contact_ids))
        found = await self._rows.select(
            _VIEWS, tenant_id, _REFUSALS, ids, contact_list_id, wider, purpose, shape=_Found
        )
        return {each.id: each.refusal for each in found}

    async def of_each(
        self, tenant_id: UUID, at_least: int, questions: Sequence[tuple[UUID, UUID | None]]
    ) -> list[MailRefusal | None]:
        found = {
            contact_list_id: await self.refusals(
                tenant_id,
                [id for id, list_id in questions if list_id == contact_list_id],
                contact_list_id=contact_list_id,
            )
            for contact_list_id in {contact_list_id for _, contact_list_id in questions}
        }
        return [found[contact_list_id][id] for id, contact_list_id in questions]
