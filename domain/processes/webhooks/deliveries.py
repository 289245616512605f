"""Webhooks are called: each event that one is for waits in the queue of its destination until it has arrived."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.gateway.tools.destinations import WebhookKind
from domain.gateway.webhook_commands import NoteWebhookFailure, StopWebhook
from domain.gateway.webhook_signature import WebhookSecrets
from domain.gateway.webhook_terms import WebhookTerms
from domain.gateway.webhooks import Webhook, WebhookStop
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.process.effects import Call, Done, Effect, EffectFailed, Failed, Then
from domain.kit.process.http_client import HttpClient
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, on, performs, when_done, when_failed
from domain.kit.process.system_commands import send_as_system
from domain.processes.webhooks.attempts import Attempt, WebhookCaller, given_up
from domain.processes.webhooks.effects import Deliver, Skip, Tell
from domain.processes.webhooks.ports import Sendable, SponsorGone, WebhookContents, WebhookNotices
from domain.processes.webhooks.subscribed import SENT, Subscribed, SubscribedWebhooks

KEPT = timedelta(days=30)
"""For how long deliveries are listed after they ended."""
State = SubscribedWebhooks


def _company(event: Event, envelope: Envelope) -> str:
    return "webhooks"


class WebhookDeliveries(Process[SubscribedWebhooks], name="gateway.webhook_deliveries", version=1):
    """Send what happens to the webhooks that are for it.

    One instance for each company knows its webhooks; what is sent waits in the queue of its webhook, two at once.
    """

    slots = 64
    slots_each = 2
    kept = KEPT
    most_waiting = 100_000
    """With so many deliveries behind it, a webhook that fails is switched off."""
    most_skipped = 1_000
    """In one transaction, for which everything that is sent waits."""

    class Replay(Effect, attempts=10, timeout=60):
        """Find events of a time, to be sent again."""

        webhook_id: UUID
        since: datetime
        until: datetime
        after: int = 0

        @property
        def instance(self) -> str:
            return f"{self.webhook_id}/replay"

    class ReplayOne(Effect, attempts=10):
        """Find one event, to be sent again."""

        webhook_id: UUID
        event_id: UUID

        @property
        def instance(self) -> str:
            return f"{self.webhook_id}/replay"

    def __init__(
        self,
        ports: ProcessPorts,
        contents: WebhookContents,
        http: HttpClient,
        secrets: WebhookSecrets,
        notices: WebhookNotices,
    ) -> None:
        self._ports, self._contents, self._notices = ports, contents, notices
        self._caller = WebhookCaller(http, secrets, ports.clock)

    @on(*SENT, by=_company)
    def happened(self, state: State | None, event: Event, envelope: Envelope) -> Then[State]:
        found = state.on if state else ()
        type, thing = event.stored_as, envelope.originator_id
        due = [each for each in found if each.terms.cover(type, event)]
        return Then(
            state,
            *(
                self._deliver(each, Sendable(event_id=envelope.event_id, type=type, thing=thing))
                for each in due
            ),
        )

    @on(Webhook.Registered, Webhook.Changed, by=_company)
    def described(self, state: State | None, event: Webhook.Registered | Webhook.Changed) -> Then[State]:
        webhook = Subscribed(
            id=event.originator_id,
            terms=WebhookTerms(types=event.types, conditions=event.conditions),
            ordered=event.ordered,
        )
        return Then((state or SubscribedWebhooks()).described(webhook))

    @on(Webhook.Disabled, Webhook.Enabled, by=_company)
    def switched(
        self, state: State | None, event: Webhook.Disabled | Webhook.Enabled, envelope: Envelope
    ) -> Then[State]:
        id, on = event.originator_id, isinstance(event, Webhook.Enabled)
        then: list[Effect] = []
        if isinstance(event, Webhook.Disabled):
            then.append(Skip(webhook_id=id, until=envelope.position))
            if event.reason is not WebhookStop.MANUAL:
                then.append(Tell(webhook_id=id, reason=event.reason))
        return Then(state and state.switched(id, on=on), *then)

    @on(Webhook.Deleted, by=_company)
    def deleted(self, state: State | None, event: Webhook.Deleted) -> Then[State]:
        left = state.without(event.originator_id) if state else SubscribedWebhooks()
        return Then(left if left.on or left.off else None, Skip(webhook_id=event.originator_id))

    @on(Webhook.TestRequested, by=_company)
    def test_requested(
        self, state: State | None, event: Webhook.TestRequested, envelope: Envelope
    ) -> Then[State]:
        id = envelope.event_id
        return Then(
            state,
            Deliver(webhook_id=event.originator_id, event_id=id, type=event.stored_as, behind=id, test=True),
        )

    @on(Webhook.ReplayRequested, by=_company)
    def replay_requested(self, state: State | None, event: Webhook.ReplayRequested) -> Then[State]:
        return Then(state, self.Replay(webhook_id=event.originator_id, since=event.since, until=event.until))

    @on(Webhook.EventReplayRequested, by=_company)
    def event_replay_requested(self, state: State | None, event: Webhook.EventReplayRequested) -> Then[State]:
        return Then(state, self.ReplayOne(webhook_id=event.originator_id, event_id=event.event_id))

    @performs(Deliver)
    async def deliver(self, effect: Deliver, call: Call[State]) -> dict[str, Any]:
        webhook = await self._webhook(call.tenant_id, effect.webhook_id)
        before = tuple(call.note or ())
        if webhook is None or not (webhook.active or effect.test):
            return {"outcome": "skipped", "attempts": before}
        try:
            attempt = await self._attempt(call.tenant_id, webhook, effect)
        except SponsorGone:
            await self._send(call, StopWebhook(id=webhook.id, reason=WebhookStop.UNAUTHORIZED))
            return {"outcome": "unauthorized", "attempts": before}
        if attempt is None:
            return {"outcome": "withheld", "attempts": before}
        attempts = (*before, attempt.noted())
        if attempt.error is None:
            if webhook.failing_since is not None:
                await self._send(call, NoteWebhookFailure(id=webhook.id))
            return {"outcome": "delivered", "attempts": attempts}
        if effect.test or attempt.final:
            return {"outcome": "failed", "attempts": attempts}
        if reason := given_up(webhook, attempt):
            await self._send(call, StopWebhook(id=webhook.id, reason=reason))
            return {"outcome": "failed", "attempts": attempts}
        if await self._contents.waiting(call.tenant_id, webhook.id, self.most_waiting) >= self.most_waiting:
            await self._send(call, StopWebhook(id=webhook.id, reason=WebhookStop.BACKLOG))
            return {"outcome": "failed", "attempts": attempts}
        if webhook.failing_since is None:
            await self._send(call, NoteWebhookFailure(id=webhook.id, since=attempt.at))
        raise EffectFailed(attempt.error, after=attempt.pause, note=attempts)

    async def _attempt(self, tenant_id: UUID, webhook: Webhook, effect: Deliver) -> Attempt | None:
        """A try, by what the webhook speaks; None when nothing is to leave. Raises SponsorGone."""
        if webhook.kind is WebhookKind.WEBHOOK:
            body = await self._contents.body(tenant_id, webhook, effect.event_id)
            return None if body is None else await self._caller.post(webhook, effect.event_id, body)
        message = await self._contents.message(tenant_id, webhook, effect.event_id)
        if message is None and not effect.test:
            return None
        return await self._caller.export(webhook, None if effect.test else message)

    @when_failed(Deliver)
    def not_delivered(self, state: State | None, failed: Failed[Deliver]) -> Then[State]:
        """The list of deliveries says so; what waits behind it goes on."""
        return Then(state)

    @performs(Skip)
    async def skip(self, effect: Skip, call: Call[State]) -> int:
        return await self._contents.skip(call, effect, self.most_skipped, now=self._ports.clock.now())

    @when_done(Skip)
    def skipped(self, state: State | None, done: Done[Skip]) -> Then[State]:
        return Then(state) if done.result < self.most_skipped else Then(state, done.action)

    @performs(Replay)
    async def replay(self, effect: Replay, call: Call[State]) -> dict[str, Any]:
        webhook = await self._webhook(call.tenant_id, effect.webhook_id)
        if webhook is None or not webhook.active:
            return {"found": [], "next": None}
        found, following = await self._contents.of_time(
            call.tenant_id, webhook, effect.since, effect.until, after=effect.after
        )
        return {"found": [each.noted(ordered=webhook.ordered) for each in found], "next": following}

    @when_done(Replay)
    def replay_found(self, state: State | None, done: "Done[WebhookDeliveries.Replay]") -> Then[State]:
        effects: list[Effect] = self._again(done.action.webhook_id, done.result["found"])
        if done.result["next"] is not None:
            effects.append(replace(done.action, after=done.result["next"]))
        return Then(state, *effects)

    @performs(ReplayOne)
    async def replay_one(self, effect: ReplayOne, call: Call[State]) -> list[dict[str, str]]:
        webhook = await self._webhook(call.tenant_id, effect.webhook_id)
        if webhook is None or not webhook.active:
            return []
        found = await self._contents.one(call.tenant_id, webhook, effect.event_id)
        return [] if found is None else [found.noted(ordered=webhook.ordered)]

    @when_done(ReplayOne)
    def one_found(self, state: State | None, done: "Done[WebhookDeliveries.ReplayOne]") -> Then[State]:
        return Then(state, *self._again(done.action.webhook_id, done.result))

    @performs(Tell)
    async def tell(self, effect: Tell, call: Call[State]) -> int:
        webhook = await self._webhook(call.tenant_id, effect.webhook_id)
        if webhook is None:
            return 0
        host = webhook.url.partition("://")[2].partition("/")[0]
        return await self._notices.switched_off(
            call.tenant_id, name=webhook.name, host=host, reason=effect.reason, key=call.key
        )

    def _deliver(self, webhook: Subscribed, event: Sendable) -> Deliver:
        return Deliver(
            webhook_id=webhook.id,
            event_id=event.event_id,
            type=event.type,
            behind=event.behind(ordered=webhook.ordered),
        )

    def _again(self, webhook_id: UUID, found: Sequence[dict[str, str]]) -> list[Effect]:
        return [
            Deliver(
                webhook_id=webhook_id,
                event_id=UUID(each["event_id"]),
                type=each["type"],
                behind=UUID(each["behind"]),
                again=True,
            )
            for each in found
        ]

    async def _webhook(self, tenant_id: UUID, id: UUID) -> Webhook | None:
        found = (await self._ports.repository.get(tenant_id, [id], fresh=True)).get(id)
        return found if isinstance(found, Webhook) and not found.ended else None

    async def _send(self, call: Call[State], command: Command) -> None:
        """Send what this try has found out; a refusal says that it is so already."""
        await send_as_system(
            self._ports.bus,
            command,
            process=self.name,
            tenant_id=call.tenant_id,
            command_id=uuid5(call.key, f"{command.stored_as} {call.attempt}"),
            correlation_id=call.correlation_id,
            event_id=call.event_id,
        )
