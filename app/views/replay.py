"""Folds events again and compares, or puts right, the rows of the views: for the command line and for the API."""

from collections.abc import Sequence
from typing import Any

from app.log.reader import head_of
from app.settings import Settings
from app.views.inspection import Inspection, inspecting, view_named
from domain.kit.log import Selection
from domain.operations.interventions import ReplayEvents
from projections.kit.declare.view import View
from projections.kit.follow.fold_page import FoldFailed
from projections.kit.read.as_of import TooMuch
from projections.kit.repair.repair import KeptInline, put_right
from projections.kit.repair.replay import Chosen, Diff, Replay
from projections.kit.store.rebuild_queue import RebuildRefused
from projections.kit.store.store import LeaseLost, Lost
from projections.operations.effects import Replayed


# Views differ in their rows' types, hence Any.
async def replayed(
    place: Inspection, chosen: Chosen, views: Sequence[View[Any]] | None, *, dry_run: bool
) -> tuple[list[Diff[Any]], list[str]]:
    """What differs, or did, in each view; and the views that differ and cannot be written so.

    Raises LookupError when a tenant is chosen that was moved from this place.
    """
    diffs: list[Diff[Any]] = []
    left: list[str] = []
    away = await place.away()
    if chosen.select.tenant_id in away:
        raise LookupError(f"The tenant {chosen.select.tenant_id} was moved from here; replay it where it is.")
    for view in views or place.stores.views:
        store, generation = await place.store(view)
        left_out = await place.left_out(view, generation)
        replay = Replay(
            view, store, place.log, place.codec, left_out=left_out, away=away, opening=place.opening
        )
        diff = await replay.diff(chosen)
        if diff.differences and not dry_run:
            try:
                connect = place.database.connect
                diff = await put_right(replay, view, generation, store, chosen, connect)
            except KeptInline:
                left.append(view.name)
        diffs.append(diff)
    return diffs, left


async def require_events(place: Inspection, chosen: Chosen) -> None:
    """Raise LookupError when there can be no such events: of an unknown stream, or beyond the log's end."""
    select = chosen.select
    if select.originator_id is not None:
        here = Selection(tenant_id=select.tenant_id, originator_id=select.originator_id)
        if not await place.log.read(limit=1, select=here):
            raise LookupError(f"There is no stream {select.originator_id}.")
    async with place.database.writer.acquire() as connection:
        head = await head_of(connection)
    if chosen.after and chosen.after >= head:
        raise LookupError(f"There is no position {chosen.after + 1:,} yet: the log ends at {head:,}.")


class Replaying:
    """`Replays` of the port: carries out what an operator asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def replay(self, command: ReplayEvents) -> Sequence[Replayed]:
        select = Selection(tenant_id=command.tenant_id, originator_id=command.stream)
        chosen = Chosen(select=select, after=command.first - 1, until=command.last)
        try:
            views = [view_named(name) for name in command.views] or None
            async with inspecting(self._settings) as place:
                await require_events(place, chosen)
                diffs, left = await replayed(place, chosen, views, dry_run=command.dry_run)
        except FoldFailed as failed:
            raise RebuildRefused(f"{failed} cannot be folded.") from failed
        except (LookupError, TooMuch, LeaseLost, Lost) as error:
            raise RebuildRefused(f"{str(error.args[0]).rstrip('.')}.") from error
        return [
            Replayed(
                diff.view.name,
                diff.rows,
                len(diff.differences),
                diff.view.name not in left and not command.dry_run,
            )
            for diff in diffs
        ]
