"""Replay jobs: all dead letters that are chosen are replayed, and how far that is."""

from dataclasses import replace

import strawberry

from api.gateway.room import job_room
from api.gateway.sources import Source
from api.kit.model import Node, Position, Refusal, Resource, Sending, Sent, linked, shows
from domain.gateway.replay_jobs import replay_jobs as domain
from domain.gateway.replays import ChosenLetters, LetterReplay
from domain.kit.bus.checks import check
from projections.gateway.events import DeadLetters
from projections.gateway.replay_jobs import ReplayJobRow, ReplayJobs
from projections.gateway.sources import Sources

_SEE, _DO = "gateway:read", "gateway:write"


@shows(ReplayJobRow, needs=_SEE, leave_out=("source_id",))
class ReplayJob(Node):
    """Dead letters that are replayed one after the other."""

    source = linked(
        Source, Sources, "source_id", "The source whose letters are replayed; null: those of all."
    )


_jobs = Resource(ReplayJob, ReplayJobs, read=_SEE, write=_DO)
_jobs.filter(also=("source_id",))
_room = job_room(ReplayJobs, "replay jobs")


async def _start(sending: Sending) -> Sent | Refusal:
    ask = sending.ask
    command = await sending.command(domain.StartReplayJob, matched=0)
    if await sending.was_executed():
        # Of those some are closed by now.
        row = (await ask.services.rows.get(ReplayJobs, ask.caller.tenant_id, [(command.id,)])).get(
            (command.id,)
        )
        matched = 0 if row is None else row.matched
    else:
        check(command, ask.services.bus.now())
        chosen = ChosenLetters(source_id=command.source_id, rule=command.rule, event_type=command.event_type)
        # Letters may be of a moment ago.
        await ask.caught_up(DeadLetters, Position(await ask.services.log.head()))
        matched = await ask.port(LetterReplay).count(ask.caller, chosen)  # type: ignore[type-abstract]
    return await _room.send(sending, replace(command, matched=matched))


@strawberry.type
class Query:
    replay_job = _jobs.by_id("A replay job by id.")
    replay_jobs = _jobs.list("Replays of dead letters as jobs, by pages.")


@strawberry.type
class Mutation:
    start_replay_job = _jobs.mutation(domain.StartReplayJob, send=_start, leave_out=("matched",))
    pause_replay_job = _jobs.mutation(domain.PauseReplayJob)
    resume_replay_job = _jobs.mutation(domain.ResumeReplayJob, send=_room.sends(domain.ResumeReplayJob))
    cancel_replay_job = _jobs.mutation(domain.CancelReplayJob)
