"""Erasure: a person is forgotten in a tenant, step by step, and it is certified that he was."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol
from uuid import UUID

from domain.governance.consents import WithdrawConsent, consent_id
from domain.governance.erasures import CertifyErasure, Erasure, NoteErasureStep, erasure_id
from domain.identity.user_commands import EraseUser
from domain.kit.process import Process, on, performs, when_done, when_failed
from domain.kit.refusals import CommandIdReused, NotFound, Refusal
from domain.kit.wishes import Call, Done, Effect, EffectRefused, Failed, Send, Then

# What a step found is plain JSON, kept in the process's state; nothing personal may be in it.
Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found when one store was looked through."""

    store: str
    places: int
    """How many rows, keys, documents or files were looked at."""
    sealed: int
    """How many sealed texts of the person are in it, none of which can be opened."""
    sha256: str
    """Of the sorted lines ``place/key unreadable``."""


class Forgetting(Protocol):
    """What is done to forget somebody, outside of his own stream.

    Each may be called again for the same person, after a kill at any point, also when others have long been
    done. ``whole``: his account belonged to this tenant alone, so it is forgotten as well.
    """

    async def end_access(self, tenant_id: UUID, subject_id: UUID, *, key: UUID) -> bool:
        """Ends his sessions and his membership; closes and erases his account when he belongs to no other tenant.

        Answers whether that was so.
        """
        ...

    async def consents(self, tenant_id: UUID, subject_id: UUID) -> list[str]:
        """The purposes that he allows."""
        ...

    async def other_owner(self, tenant_id: UUID, subject_id: UUID) -> UUID | None:
        """Another owner of the tenant, who remains; None when there is none."""
        ...

    async def settled(self, tenant_id: UUID, subject_id: UUID) -> int:
        """Waits until every generation of every view has folded what the log holds now; answers up to where.

        Raises TimeoutError when one does not come there, and StillReadable when one has parked his events.
        """
        ...

    async def sweep(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> dict[str, int]:
        """Blanks what is left of him in plain text, drops caches, removes files; how many of each."""
        ...

    async def search(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> dict[str, int]:
        """Looks everywhere for what can be opened of him now; how many places of each store were looked at.

        Raises StillReadable when some of it stands anywhere in plain text.
        """
        ...

    async def destroy(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> list[str]:
        """Destroys his keys; their fingerprints, the same when they had been destroyed before."""
        ...

    async def evidence(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> list[Evidence]:
        """Looks everywhere for sealed texts of his and tries to open them. Raises StillReadable when one opens."""
        ...


class StillReadable(Exception):
    """Something of the person can still be read; the text says where, and not what."""


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
    def whole(self) -> bool:
        """Whether his account is forgotten as well."""
        return bool(self.results["access"]["whole"])


class PersonErasure(Process[Erasing], name="governance.erasure", version=1):
    """Forgets a person. A step that fails is tried for about a day and then parked: nothing is certified that is
    not so. Nothing is undone either, since the person's wish stands.

    The order matters. First the log says that he is erased, which is refused to a tenant's last owner; with it
    he may do nothing there any more, and views blank what they show of him. Then his sessions end and his consents
    are withdrawn, so nothing new comes. What no view knows of is swept away, and while his texts can still be
    opened they are looked for everywhere; only then is his key destroyed.
    """

    class Do(Effect, attempts=30, timeout=900, pause=1):
        """Do a step."""

        step: str

        @property
        def key(self) -> str:
            return f"do {self.step}"

    def __init__(self, forgetting: Forgetting) -> None:
        self._forgetting = forgetting

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
        step, found = done.wish.step, done.result
        state = replace(state, results={**state.results, step: found})
        noted = Send(NoteErasureStep(id=state.erasure_id, step=step))
        following = [self.Do(step=name) for name in _NAMES[_NAMES.index(step) + 1 :][:1]]
        if step == "consents":
            ids = (consent_id(state.subject_id, purpose) for purpose in found["purposes"])
            return Then(
                state, noted, *(Send(WithdrawConsent(id=id, source="erasure")) for id in ids), *following
            )
        if step == "certify":
            return Then(state, Send(_certificate(state)))
        return Then(state, noted, *following)

    @when_failed(WithdrawConsent)
    def was_withdrawn(self, state: Erasing, failed: Failed[WithdrawConsent]) -> Then[Erasing]:
        return Then(state)

    async def _access(self, state: Erasing, call: Call[Erasing]) -> Found:
        whole = await self._forgetting.end_access(call.tenant_id, state.subject_id, key=call.key)
        return {"whole": whole}

    async def _consents(self, state: Erasing, call: Call[Erasing]) -> Found:
        return {"purposes": sorted(await self._forgetting.consents(call.tenant_id, state.subject_id))}

    async def _forget(self, state: Erasing, call: Call[Erasing]) -> Found:
        other = await self._forgetting.other_owner(call.tenant_id, state.subject_id)
        outcome = await call.send(EraseUser(id=state.subject_id, other_owner_id=other))
        # Not everybody whose data are kept belongs to the tenant, and who was erased before is so now.
        if isinstance(outcome, Refusal) and not isinstance(outcome, NotFound | CommandIdReused):
            raise EffectRefused(outcome.code)
        return {"erased": not isinstance(outcome, Refusal)}

    async def _views(self, state: Erasing, call: Call[Erasing]) -> Found:
        return {"position": await self._forgetting.settled(call.tenant_id, state.subject_id)}

    async def _sweep(self, state: Erasing, call: Call[Erasing]) -> Found:
        return await self._forgetting.sweep(call.tenant_id, state.subject_id, whole=state.whole)

    async def _search(self, state: Erasing, call: Call[Erasing]) -> Found:
        return await self._forgetting.search(call.tenant_id, state.subject_id, whole=state.whole)

    async def _key(self, state: Erasing, call: Call[Erasing]) -> Found:
        return {"keys": await self._forgetting.destroy(call.tenant_id, state.subject_id, whole=state.whole)}

    async def _certify(self, state: Erasing, call: Call[Erasing]) -> Found:
        position = await self._forgetting.settled(call.tenant_id, state.subject_id)
        found = await self._forgetting.evidence(call.tenant_id, state.subject_id, whole=state.whole)
        return {"position": position, "found": found}

    steps: ClassVar[dict[str, Callable[..., Awaitable[object]]]] = {
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


def _certificate(state: Erasing) -> CertifyErasure:
    """The certificate of what the last steps found."""
    keys, last = state.results["key"]["keys"], state.results["certify"]
    found = sorted(last["found"], key=lambda one: one["store"])
    lines = [
        f"subject {state.subject_id}",
        f"requested by {state.requested_by}",
        f"position {last['position']}",
        *(f"key {fingerprint}" for fingerprint in keys),
        *(f"{one['store']} {one['places']} {one['sealed']} {one['sha256']}" for one in found),
    ]
    return CertifyErasure(
        id=state.erasure_id,
        stores=tuple(one["store"] for one in found),
        places=tuple(one["places"] for one in found),
        sealed=tuple(one["sealed"] for one in found),
        hashes=tuple(one["sha256"] for one in found),
        keys=tuple(keys),
        position=last["position"],
        sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    )
