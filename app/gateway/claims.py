"""What events claim in the log: the delivery that brought them, and the users whom they introduce."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from app.gateway.drafts import EventDraft, Intake
from domain.gateway.admission.known_users import UNKNOWN_USER
from domain.gateway.outcomes import ReceivedEvent
from domain.identity.users import User
from domain.kit.codec import Codec
from domain.kit.log import Log, Reservation

_TRANSMISSION = "gateway.transmission"
"""The reservation of a delivery's id, by the one event that it brought."""
_USER = "gateway.user"
"""The reservation of a user whom an accepted event has introduced, as a keyed hash."""


class EventClaims:
    """The claims of one database's tenants. They are stored with the events, so they are never behind."""

    def __init__(self, log: Log, codec: Codec) -> None:
        self._log, self._codec = log, codec

    def of(self, tenant_id: UUID, source_id: UUID, draft: EventDraft) -> tuple[Reservation, ...]:
        """What is reserved with an event."""
        claims: list[Reservation] = []
        if draft.introduces is not None:
            # Whoever introduces them again holds the same.
            value = self._user(tenant_id, draft.introduces)
            claims.append(Reservation(_USER, value, UUID(hex=value[:32]), "userId"))
        if draft.transmission is not None:
            said = source_id.bytes + draft.transmission.encode(errors="replace")
            claims.append(Reservation(_TRANSMISSION, hashlib.sha256(said).hexdigest(), draft.id, ""))
        return tuple(claims)

    async def rejected(
        self,
        intake: Intake,
        events: Sequence[ReceivedEvent],
        drafts: list[EventDraft],
        gone: Collection[UUID],
        places: Iterable[int] | None = None,
    ) -> list[int]:
        """Put dead letters in the place of events that name users who are not known, of all or of those at some
        places, but for what is stored already, from before the source asked. The places of those whose users an
        earlier one of them may introduce are answered."""
        naming = [
            (place, user)
            for place in (range(len(drafts)) if places is None else places)
            if (user := drafts[place].asks) is not None
            and not drafts[place].violations
            and drafts[place].subject_id not in gone
        ]
        known = await self._known(intake.tenant_id, {user for _, user in naming}) if naming else set()
        first = dict[UUID, int]()
        if naming and places is None:
            for place, draft in enumerate(drafts):
                if draft.introduces is not None and not draft.violations and draft.subject_id not in gone:
                    first.setdefault(draft.introduces, place)
        waiting: list[int] = []
        wrong: list[int] = []
        for place, user in naming:
            if user not in known:
                (waiting if first.get(user, place) < place else wrong).append(place)
        ids = [drafts[place].id for place in wrong]
        stored = await self._log.receipts(intake.tenant_id, ids) if ids else {}
        for place in wrong:
            if drafts[place].id not in stored:
                drafts[place] = intake.letter(events[place], (UNKNOWN_USER,))
        return waiting

    async def _known(self, tenant_id: UUID, users: set[UUID]) -> set[UUID]:
        """Those whom an event has introduced, or who are people of the tenant."""
        claims = {self._user(tenant_id, user): user for user in users}
        known = {claims[value] for value in await self._log.reserved(tenant_id, _USER, list(claims))}
        others = list(users - known)
        return known | (await self._log.living(tenant_id, User.topic, others) if others else set())

    def _user(self, tenant_id: UUID, user: UUID) -> str:
        return self._codec.fingerprint(_USER, f"{tenant_id.hex} {user.hex}")
