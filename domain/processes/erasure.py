"""Erasure: a person is forgotten in a tenant, step by step, and it is certified that they were."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from uuid import UUID

from domain.governance.consents import WithdrawConsent, consent_id
from domain.governance.erasures import CertifyErasure, Erasure, NoteErasureStep, erasure_id
from domain.governance.exports import EraseExport
from domain.identity.user_commands import EraseUser
from domain.kit.caller import ACCOUNTS
from domain.kit.commands import Command
from domain.kit.privacy.subjects import SubjectKind
from domain.kit.process.effects import Call, Done, Effect, EffectRefused, Failed, Send, Then
from domain.kit.process.process import Process, on, performs, when_done, when_failed
from domain.kit.refusals import CommandIdReused, NotFound, Refusal
from domain.processes.erasure_port import Belonging, Forgetting, Whom

# What a step found is plain JSON, kept in the process's state; nothing personal may be in it.
Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """How far an erasure has come."""

    subject_id: UUID
    requested_by: UUID
    results: dict[str, Any] = field(default_factory=dict)
    """What the steps found, by name."""

    @property
    def erasure_id(self) -> UUID:
        """The erasure that it is about."""
        return erasure_id(self.subject_id)

    @property
    def belongings(self) -> list[Belonging]:
        """All that is forgotten, the person's own id included."""
        return [Belonging(id=UUID(id), topic=topic) for id, topic in self.results["find"]["belongings"]]

    def whom(self, tenant_id: UUID) -> Whom:
        """Who is to be forgotten, as the first steps have found."""
        return Whom(
            tenant_id=tenant_id,
            subject_id=self.subject_id,
            also=tuple(belonging.id for belonging in self.belongings if belonging.id != self.subject_id),
            whole=bool(self.results["access"]["whole"]),
        )


class PersonErasure(Process[Erasing], name="governance.erasure", version=1):
    """Forget a person. A step that fails is tried for about a day and then parked: nothing is certified that is
    not so. Nothing is undone either, since the person's request stands.

    The order matters. First it is found what else is theirs, by the addresses that the tenant has of them. Then
    the log says that all of it is erased, which is refused to a tenant's last owner; with it they may do nothing
    there any more, and views blank what they show of them. Then their sessions end and their consents are
    withdrawn, so nothing new comes. What no view knows of is swept away, and while their texts can still be opened
    they are looked for everywhere. What came to be theirs in the meantime, such as another invitation, lets it all
    begin again; only then are the keys destroyed.
    """

    class Do(Effect, attempts=30, timeout=900, pause=1):
        """Do a step."""

        step: str

        @property
        def key(self) -> str:
            return f"do {self.step}"

    def __init__(self, forgetting: Forgetting, kinds: Sequence[SubjectKind]) -> None:
        self._forgetting = forgetting
        self._erase = {kind.aggregate.topic: kind.erase for kind in kinds}

    @on(Erasure.Requested)
    def requested(self, state: Erasing | None, event: Erasure.Requested) -> Then[Erasing]:
        state = Erasing(subject_id=event.subject_id, requested_by=event.requested_by)
        return Then(state, self.Do(step=_NAMES[0]))

    @performs(Do)
    async def do(self, effect: Do, call: Call[Erasing]) -> object:
        assert call.state is not None
        return await self.steps[effect.step](self, call.state, call)

    @when_done(Do)
    def did(self, state: Erasing, done: "Done[PersonErasure.Do]") -> Then[Erasing]:
        step, found = done.action.step, done.result
        state = replace(state, results={**state.results, step: found})
        noted = Send(NoteErasureStep(id=state.erasure_id, step=step))
        following = [self.Do(step=name) for name in _NAMES[_NAMES.index(step) + 1 :][:1]]
        if step == "search" and not _known(found["belongings"], state):
            return Then(state, self.Do(step=_NAMES[0]))
        if step == "consents":
            ids = (consent_id(state.subject_id, purpose) for purpose in found["purposes"])
            return Then(
                state, noted, *(Send(WithdrawConsent(id=id, source="erasure")) for id in ids), *following
            )
        if step == "certify":
            # Nobody reads them since the key is gone; one of before this step was told knows of none.
            exports = (Send(EraseExport(id=UUID(id))) for id in found.get("exports", ()))
            return Then(state, Send(_certificate(state)), *exports)
        return Then(state, noted, *following)

    @when_failed(WithdrawConsent)
    def was_withdrawn(self, state: Erasing, failed: Failed[WithdrawConsent]) -> Then[Erasing]:
        return Then(state)

    @when_failed(EraseExport)
    def was_erased(self, state: Erasing, failed: Failed[EraseExport]) -> Then[Erasing]:
        return Then(state)

    async def _find(self, state: Erasing, call: Call[Erasing]) -> Found:
        known = state.belongings if "find" in state.results else []
        return {"belongings": await self._belongings(state, call, known)}

    async def _belongings(
        self, state: Erasing, call: Call[Erasing], known: Sequence[Belonging]
    ) -> list[tuple[str, str]]:
        found = await self._forgetting.belongings(
            call.tenant_id, state.subject_id, by_themself=state.requested_by == state.subject_id
        )
        # What was found before stays found, though nothing may tell any more whose it was.
        return sorted({(str(belonging.id), belonging.topic) for belonging in (*known, *found)})

    async def _forget(self, state: Erasing, call: Call[Erasing]) -> Found:
        other = await self._forgetting.other_owner(call.tenant_id, state.subject_id)
        erased = 0
        for belonging in state.belongings:
            if (command := self._command_for(belonging, call.tenant_id, other)) is None:
                continue
            outcome = await call.send(command)
            # What has ended before is as good.
            if isinstance(outcome, Refusal) and not isinstance(outcome, NotFound | CommandIdReused):
                raise EffectRefused(outcome.code)
            erased += not isinstance(outcome, Refusal)
        return {"erased": erased}

    def _command_for(self, belonging: Belonging, tenant_id: UUID, other_owner: UUID | None) -> Command | None:
        """The command that ends a stream; accounts are ended with their sessions, in the next step."""
        erase = self._erase.get(belonging.topic)
        if erase is None or tenant_id == ACCOUNTS:
            return None
        # Any, since every context has a command of its own here, which takes an id.
        make: Any = erase
        if erase is EraseUser:
            return EraseUser(id=belonging.id, other_owner_id=other_owner)
        command: Command = make(id=belonging.id)
        return command

    async def _access(self, state: Erasing, call: Call[Erasing]) -> Found:
        whole = await self._forgetting.end_access(call.tenant_id, state.subject_id, key=call.key)
        before = state.results.get("access", {}).get("whole", False)
        return {"whole": whole or before}

    async def _consents(self, state: Erasing, call: Call[Erasing]) -> Found:
        return {"purposes": sorted(await self._forgetting.consents(call.tenant_id, state.subject_id))}

    async def _views(self, state: Erasing, call: Call[Erasing]) -> Found:
        return {"position": await self._forgetting.settled(state.whom(call.tenant_id))}

    async def _sweep(self, state: Erasing, call: Call[Erasing]) -> Found:
        return await self._forgetting.sweep(state.whom(call.tenant_id))

    async def _search(self, state: Erasing, call: Call[Erasing]) -> Found:
        places = await self._forgetting.search(state.whom(call.tenant_id))
        return {"places": places, "belongings": await self._belongings(state, call, state.belongings)}

    async def _key(self, state: Erasing, call: Call[Erasing]) -> Found:
        return {"keys": await self._forgetting.destroy(state.whom(call.tenant_id))}

    async def _certify(self, state: Erasing, call: Call[Erasing]) -> Found:
        whom = state.whom(call.tenant_id)
        position = await self._forgetting.settled(whom)
        exports = [str(id) for id in await self._forgetting.exports(call.tenant_id, state.subject_id)]
        return {"position": position, "found": await self._forgetting.evidence(whom), "exports": exports}

    steps: ClassVar[dict[str, Callable[..., Awaitable[object]]]] = {
        "find": _find,
        "forget": _forget,
        "access": _access,
        "consents": _consents,
        "views": _views,
        "sweep": _sweep,
        "search": _search,
        "key": _key,
        "certify": _certify,
    }
    """Stored: the names of the steps, in their order."""


_NAMES = tuple(PersonErasure.steps)


def _known(belongings: Sequence[Sequence[str]], state: Erasing) -> bool:
    """Whether all of this was found before."""
    return {UUID(id) for id, _ in belongings} <= {belonging.id for belonging in state.belongings}


def _certificate(state: Erasing) -> CertifyErasure:
    """The certificate of what the last steps found."""
    keys, last = state.results["key"]["keys"], state.results["certify"]
    found = sorted(last["found"], key=lambda store: store["store"])
    lines = [
        f"subject {state.subject_id}",
        f"requested by {state.requested_by}",
        f"position {last['position']}",
        *(f"key {fingerprint}" for fingerprint in keys),
        *(f"{store['store']} {store['places']} {store['sealed']} {store['sha256']}" for store in found),
    ]
    return CertifyErasure(
        id=state.erasure_id,
        stores=tuple(store["store"] for store in found),
        places=tuple(store["places"] for store in found),
        sealed=tuple(store["sealed"] for store in found),
        hashes=tuple(store["sha256"] for store in found),
        keys=tuple(keys),
        position=last["position"],
        sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    )
