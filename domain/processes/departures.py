"""Departures: what a context has deleted permanently is forgotten as well, without anybody having to ask."""

from collections.abc import Sequence

from domain.governance.erasures import RequestErasure, erasure_id
from domain.kit.events import Event
from domain.kit.privacy.subjects import SubjectKind
from domain.kit.process.effects import Failed, Send, Then
from domain.kit.process.process import Process, Stateless, on, when_failed


def departures(kinds: Sequence[SubjectKind]) -> Process[Stateless]:
    """The process that asks for the erasure of whatever is deleted, as the kinds of subjects declare it."""
    endings = tuple(event for kind in kinds for event in kind.gone)

    class Departures(Process[Stateless], name="governance.departures", version=1):
        """Ask once; the erasure does the rest, and its certificate says that nothing is left."""

        @on(*endings)
        def departed(self, state: Stateless | None, event: Event) -> Then[Stateless]:
            subject_id = event.originator_id
            return Then(None, Send(RequestErasure(id=erasure_id(subject_id), subject_id=subject_id)))

        @when_failed(RequestErasure)
        def asked_before(self, state: Stateless | None, failed: Failed[RequestErasure]) -> Then[Stateless]:
            return Then(None)

    return Departures()
