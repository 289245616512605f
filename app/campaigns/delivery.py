"""Sending campaigns: recipients are read from the lists once, and mails made and handed over, some at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.campaigns.audience import CampaignAudience, as_sender
from app.campaigns.mail_contents import CampaignContents
from app.mail.bulk import BulkMailer, MailAnswer, MailTaken
from app.mail.bulk_message import BulkMail, bulk_message
from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.states import CampaignStatus
from domain.campaigns.contacts.mailability import Mailability, MailRefusal
from domain.campaigns.mailings.campaign_runs import CampaignSending
from domain.campaigns.mailings.mailings import (
    HandOver,
    Mailing,
    MailResult,
    RecordMailing,
    mailing_id,
    message_id,
    settled,
)
from domain.campaigns.rendering.faults import TemplateFault
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.clock import Clock
from domain.kit.mail import RecipientRefused, ascii_address
from domain.kit.process.effects import EffectRefused
from domain.kit.process.jobs import Part
from domain.kit.refusals import Refusal
from projections.kit.read.postgres_reader import PostgresRows

_TOGETHER = 40
"""Mails that are begun together: of so many it is not known, after a kill, whether they left."""
_LONGEST = 3.0
"""Seconds after which a part ends: a worker that is stopped lets what is under way end for a little longer."""
_GLANCE = 0.5
"""Seconds between two looks at whether a campaign that waits is still sending."""
_HOUR = 3600.0
_PAUSE, _ROUNDS = 60.0, 120
"""Seconds between two rounds over what mail servers have not taken, and how many there are."""
_RESULTS = {
    MailTaken.TAKEN: MailResult.SENT,
    MailTaken.REFUSED: MailResult.REFUSED,
    MailTaken.NOT_NOW: MailResult.DEFERRED,
    MailTaken.AWAY: MailResult.DEFERRED,
    MailTaken.UNKNOWN: MailResult.UNKNOWN,
}


Mails = Mapping[int, BulkMail | TemplateFault]


class MailingTaken(Exception):
    """Somebody else goes on with this mailing."""


class ContactSending(CampaignSending):
    """Sends to the contacts of one database's tenants."""

    def __init__(
        self,
        bus: Bus,
        repository: Repository,
        rows: PostgresRows,
        mailability: Mailability,
        contents: CampaignContents,
        mailer: BulkMailer,
        clock: Clock,
    ) -> None:
        self._bus, self._repository = bus, repository
        self._audience = CampaignAudience(bus, repository, rows)
        self._mailability, self._contents, self._mailer, self._clock = mailability, contents, mailer, clock

    async def freeze(self, tenant_id: UUID, campaign_id: UUID, progress: Mapping[str, int]) -> Part:
        campaign = await self._campaign(tenant_id, campaign_id)
        if campaign.status is not CampaignStatus.SENDING:
            return Part(progress, over=False)
        return await self._audience.freeze(tenant_id, campaign, progress)

    async def deliver(
        self, tenant_id: UUID, campaign_id: UUID, progress: Mapping[str, int], at: datetime
    ) -> Part:
        number, rounds = progress["next"], progress.get("rounds", 0)
        ahead = progress.get("not_before", 0) - self._clock.now().timestamp()
        # Further ahead than any pause is what a clock said that has been set back since.
        if 0 < ahead <= _HOUR:
            await self._wait(tenant_id, campaign_id, min(ahead, _PAUSE))
            return Part(progress, over=False)
        if number >= progress["mailings"]:
            if not progress.get("deferred", 0):
                return Part(progress, over=True)
            await self._wait(tenant_id, campaign_id, _PAUSE)
            return Part({**progress, "next": 0, "deferred": 0, "rounds": rounds + 1}, over=False)
        id = mailing_id(campaign_id, number)
        mailing = (await self._repository.get(tenant_id, [id], fresh=True)).get(id)
        assert isinstance(mailing, Mailing)
        delivery = _Delivery(self, tenant_id, campaign_id, mailing, last=rounds >= _ROUNDS)
        try:
            found = await delivery.run()
        except MailingTaken:
            # The process that was given this effect goes on; here is nothing left to do but to look again.
            return Part(progress, over=False)
        away = progress.get("away", 0) + 1 if found.away else 0
        if away > _ROUNDS:
            raise EffectRefused("mail_server_away")
        after = {**progress, "away": away, "not_before": int(self._clock.now().timestamp() + found.pause)}
        if found.over:
            after |= {"next": number + 1, "deferred": progress.get("deferred", 0) + found.deferred}
        return Part(after, over=False)

    async def _campaign(self, tenant_id: UUID, campaign_id: UUID) -> Campaign:
        found = (await self._repository.get(tenant_id, [campaign_id], fresh=True)).get(campaign_id)
        assert isinstance(found, Campaign)
        return found

    async def _wait(self, tenant_id: UUID, campaign_id: UUID, seconds: float) -> Campaign:
        """Wait so long, or until the campaign is not sending any more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            campaign = await self._campaign(tenant_id, campaign_id)
            left = until - loop.time()
            if left <= 0 or campaign.status is not CampaignStatus.SENDING:
                return campaign
            await asyncio.sleep(min(left, _GLANCE))


class NoSending(CampaignSending):
    """Where no views can be read."""

    async def freeze(self, tenant_id: UUID, campaign_id: UUID, progress: Mapping[str, int]) -> Part:
        raise EffectRefused("unavailable")

    async def deliver(
        self, tenant_id: UUID, campaign_id: UUID, progress: Mapping[str, int], at: datetime
    ) -> Part:
        raise EffectRefused("unavailable")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    """How far a mailing is."""

    over: bool
    """Whether each of its mails was tried."""
    deferred: int = 0
    """How many are left for another round."""
    pause: float = 0.0
    """Seconds before anything more is handed over."""
    away: bool = False
    """Whether the mail server cannot be reached."""


class _Delivery:
    """Hands over what is open of one mailing."""

    def __init__(
        self, sending: ContactSending, tenant_id: UUID, campaign_id: UUID, mailing: Mailing, *, last: bool
    ) -> None:
        """``last``: what is not taken now never is."""
        self._of, self._tenant_id, self._campaign_id = sending, tenant_id, campaign_id
        self._mailing, self._last = mailing, last
        self._version = mailing.version
        self._stopped = False
        """Whether nothing more is to be handed over here."""
        self._away = 0
        """How many of a batch met a server that takes nothing."""

    async def run(self) -> "_Delivered":
        """Hand over until all is tried, the campaign is not sending any more, or the part took long. Raises
        MailingTaken, and EffectRefused where nothing of the campaign can be sent."""
        of, mailing, loop = self._of, self._mailing, asyncio.get_running_loop()
        if not mailing.open:
            return _Delivered(over=True)
        campaign = await of._campaign(self._tenant_id, self._campaign_id)
        content = await of._contents.of(self._tenant_id, campaign)
        done = await self._doubtful(mailing)
        known = {each.place for each in done if each.result is not MailResult.DEFERRED}
        waiting = [place for place in mailing.open if place not in known]
        deferred, pause, away, ends = 0, 0.0, False, loop.time() + _LONGEST
        while waiting and not away and loop.time() + pause < ends:
            if pause:
                await self._record(done, ())
                done = ()
            campaign = await of._wait(self._tenant_id, self._campaign_id, pause)
            if campaign.status is not CampaignStatus.SENDING:
                break
            rate = campaign.per_hour
            size = _TOGETHER if rate is None else max(1, min(_TOGETHER, rate // 360))
            batch, waiting = waiting[:size], waiting[size:]
            # Before they are begun: what fails here has lost nobody, and who has just left is found after it.
            mails = await content.mails(self._mailing, batch)
            refusals = await self._refusals(batch)
            skipped = [
                self._result(place, MailResult.SKIPPED, reason.value) for place, reason in refusals.items()
            ]
            begun = tuple(place for place in batch if place not in refusals)
            # What is said of a place last holds: one that was doubtful may be skipped now.
            known_before = [each for each in done if each.place not in refusals]
            self._away = 0
            await self._record((*known_before, *skipped), begun)
            done = await self._whole(begun, mails)
            deferred += sum(each.result is MailResult.DEFERRED for each in done)
            away = bool(done) and self._away == len(done)
            pause = 0.0 if rate is None else len(begun) * _HOUR / rate
        await self._record(done, ())
        over = not waiting and not away
        return _Delivered(over=over, deferred=deferred, pause=_PAUSE if away else pause, away=away)

    async def _doubtful(self, mailing: Mailing) -> tuple[HandOver, ...]:
        """What became of those whose mail was begun by who was stopped then."""
        found: list[HandOver] = []
        for place in mailing.begun:
            has = await self._of._mailer.has(message_id(mailing.id, place))
            result = {True: MailResult.SENT, False: MailResult.DEFERRED, None: MailResult.UNKNOWN}[has]
            found += settled([place], mailing, result, "" if has else "stopped")
        return tuple(found)

    async def _refusals(self, places: Sequence[int]) -> dict[int, MailRefusal]:
        found: dict[int, MailRefusal] = {}
        recipients = self._mailing.recipients
        for contact_list_id in {recipients[place].contact_list_id for place in places}:
            ours = [place for place in places if recipients[place].contact_list_id == contact_list_id]
            refusals = await self._of._mailability.refusals(
                self._tenant_id,
                [recipients[place].contact_id for place in ours],
                contact_list_id=contact_list_id,
            )
            for place in ours:
                if (refusal := refusals[recipients[place].contact_id]) is not None:
                    found[place] = refusal
        return found

    async def _whole(self, places: Sequence[int], mails: Mails) -> tuple[HandOver, ...]:
        """What became of mails that are begun; whoever is stopped meanwhile records it first."""
        handing = asyncio.ensure_future(self._handed_over(places, mails))
        try:
            return await asyncio.shield(handing)
        except asyncio.CancelledError:
            self._stopped = True
            await self._record(await handing, ())
            raise

    async def _handed_over(self, places: Sequence[int], mails: Mails) -> tuple[HandOver, ...]:
        return tuple(await asyncio.gather(*(self._one(place, mails.get(place)) for place in places)))

    async def _one(self, place: int, mail: BulkMail | TemplateFault | None) -> HandOver:
        if mail is None:
            return self._result(place, MailResult.SKIPPED, MailRefusal.GONE.value)
        if isinstance(mail, TemplateFault):
            return self._result(place, MailResult.REFUSED, "template")
        key = message_id(self._mailing.id, place)
        try:
            message = bulk_message(mail, key=key, now=self._of._clock.now())
        except RecipientRefused:
            return self._result(place, MailResult.REFUSED, "address")
        if self._stopped:
            return self._result(place, MailResult.DEFERRED, "stopped")
        answer: MailAnswer = await self._of._mailer.hand_over(
            message,
            tenant_id=self._tenant_id,
            sender=ascii_address(mail.from_address),
            to=ascii_address(mail.to),
            key=key,
        )
        self._away += answer.taken is MailTaken.AWAY
        result = _RESULTS[answer.taken]
        if answer.taken is MailTaken.NOT_NOW and self._last:
            result = MailResult.REFUSED
        return self._result(place, result, answer.code)

    def _result(self, place: int, result: MailResult, reason: str = "") -> HandOver:
        (found,) = settled([place], self._mailing, result, reason)
        return found

    async def _record(self, done: Sequence[HandOver], begin: Sequence[int]) -> None:
        """Record it, unless somebody else has recorded anything since. Raises MailingTaken."""
        if not done and not begin:
            return
        command = RecordMailing(id=self._mailing.id, hand_overs=tuple(done), begin=tuple(begin))
        outcome = await self._of._bus.send(
            command, by=as_sender(self._tenant_id), expected_version=self._version
        )
        if isinstance(outcome, Refusal):
            raise MailingTaken from outcome
        self._version += bool(done) + bool(begin)
