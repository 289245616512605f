"""Anomalies are looked for: each hour of what is watched, soon after it is over."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.gateway.detection.anomalies import HOUR, NoteAnomaly, compared_hours, deviation
from domain.gateway.detection.anomaly_watches import AnomalyWatch
from domain.gateway.detection.notices import tell
from domain.gateway.detection.ports import OutsideHistory
from domain.kit.process.effects import Call, Effect, Failed, Fired, Schedule, Then
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, on, performs, when_due, when_failed
from domain.kit.process.schedules import occurrence_id

LATENESS = timedelta(minutes=2)
"""How long after an hour its events may be received and still count."""
MOST_HOURS = 24
"""Hours that are looked at afterwards, when nobody was at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A watch, and the first hour that it has not looked at."""

    id: UUID
    name: str
    event_type: str
    source_id: UUID | None
    sensitivity: int
    hour: datetime
    measure: str | None = None


class AnomalyDetection(Process[Watched], name="gateway.anomaly_detection", version=1):
    """Look at each hour of each watch."""

    kept = timedelta(days=7)

    class Judge(Effect, attempts=15, timeout=300, pause=2):
        """Compare an hour with those before."""

        hour: datetime

        @property
        def key(self) -> str:
            return f"judge {self.hour.isoformat()}"

    def __init__(self, ports: ProcessPorts, history: OutsideHistory) -> None:
        self._bus, self._history = ports.bus, history

    @on(AnomalyWatch.Defined)
    def defined(self, state: Watched | None, event: AnomalyWatch.Defined) -> Then[Watched]:
        hour = _hour_of(event.timestamp)
        watched = Watched(
            id=event.originator_id,
            name=event.name,
            event_type=event.event_type,
            source_id=event.source_id,
            sensitivity=event.sensitivity,
            hour=hour,
            measure=event.measure,
        )
        return Then(watched, Schedule("hour", hour + HOUR + LATENESS))

    @when_due("hour")
    def hour_due(self, state: Watched | None, fired: Fired) -> Then[Watched]:
        if state is None:
            return Then(None)
        ended = _hour_of(fired.at - LATENESS)
        hours = [ended - (back + 1) * HOUR for back in reversed(range(MOST_HOURS))]
        here = max(ended, state.hour)
        return Then(
            replace(state, hour=here),
            *(self.Judge(hour=hour) for hour in hours if hour >= state.hour),
            Schedule("hour", here + HOUR + LATENESS),
        )

    @performs(Judge)
    async def judge(self, effect: Judge, call: Call[Watched]) -> float | None:
        watched = call.state
        if watched is None:
            return None
        hours = [effect.hour, *compared_hours(effect.hour)]
        wanted = (call.tenant_id, watched.event_type, watched.source_id, hours)
        if watched.measure is None:
            found = deviation(effect.hour, *await self._history.hourly(*wanted))
        else:
            found = deviation(effect.hour, *await self._history.measured(*wanted, watched.measure))
        if found is None:
            return None
        if abs(found.deviation) < watched.sensitivity:
            return found.deviation
        command = NoteAnomaly(
            id=occurrence_id(watched.id, effect.hour),
            watch_id=watched.id,
            watch_name=watched.name,
            event_type=watched.event_type,
            hour=effect.hour,
            direction=found.direction,
            observed=found.observed,
            expected=found.expected,
            deviation=found.deviation,
            measure=watched.measure,
            measured=found.measured,
        )
        await tell(self._bus, command, call, self.name)
        return found.deviation

    @when_failed(Judge)
    def not_judged(self, state: Watched | None, failed: "Failed[AnomalyDetection.Judge]") -> Then[Watched]:
        """It is tried again, for as long as hours are looked at afterwards; then it is left out."""
        judge = failed.action
        if state is None or failed.at - judge.hour > MOST_HOURS * HOUR:
            return Then(state)
        return Then(state, judge)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
