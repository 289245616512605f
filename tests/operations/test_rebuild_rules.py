"""The rules of what operators ask of rebuilds."""

from typing import Any
from uuid import UUID

import pytest

from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.refusals import Invalid, Refusal
from domain.kit.scenario import given
from domain.operations.rebuilds import (
    AcceptRebuild,
    AdoptRebuild,
    CancelRebuild,
    DeclineRebuild,
    OneTenantIsNotCompared,
    PauseRebuild,
    Rebuild,
    RebuildIsOver,
    RebuildIsPaused,
    RebuildKind,
    RebuildNotPaused,
    RebuildRequest,
    RebuildViews,
    ResumeRebuild,
)

ID = UUID("00000000-0000-7000-8000-0000000000a1")
TENANT = UUID("00000000-0000-7000-8000-0000000000a2")
WHO = "ada on a machine"
VIEWS = ("tasks.tasks", "tasks.user_stats")

REQUESTED = Rebuild.Requested(views=VIEWS, kind=RebuildKind.REBUILD, parallel=2, asked_by=WHO)
PAUSED, RESUMED = Rebuild.Paused(asked_by=WHO), Rebuild.Resumed(asked_by=WHO)
CANCELLED, ACCEPTED = Rebuild.Cancelled(asked_by=WHO), Rebuild.Accepted(asked_by=WHO)
PAUSE, RESUME = PauseRebuild(id=ID, asked_by=WHO), ResumeRebuild(id=ID, asked_by=WHO)
CANCEL, ACCEPT = CancelRebuild(id=ID, asked_by=WHO), AcceptRebuild(id=ID, asked_by=WHO)


def declined(request: RebuildRequest) -> Rebuild.Declined:
    return Rebuild.Declined(request=request, reason="It was over.")


def test_says_what_was_asked() -> None:
    command = RebuildViews(
        id=ID,
        views=VIEWS,
        tenant_id=TENANT,
        rate=500,
        parallel=4,
        repair=True,
        asked_by=WHO,
    )
    given().when(command).then(
        Rebuild.Requested(
            views=VIEWS,
            kind=RebuildKind.REBUILD,
            tenant_id=TENANT,
            rate=500,
            parallel=4,
            repair=True,
            asked_by=WHO,
        )
    )


def test_a_comparison_says_so() -> None:
    command = RebuildViews(id=ID, views=VIEWS, kind=RebuildKind.RECONCILE, asked_by=WHO)
    requested = Rebuild.Requested(views=VIEWS, kind=RebuildKind.RECONCILE, parallel=2, asked_by=WHO)
    given().when(command).then(requested)


def test_refuses_to_compare_one_tenants_rows() -> None:
    """They are built to be put in place of those that serve."""
    command = RebuildViews(id=ID, views=VIEWS, kind=RebuildKind.RECONCILE, tenant_id=TENANT, asked_by=WHO)
    given().when(command).refused(OneTenantIsNotCompared)


def test_names_each_view_once() -> None:
    given().when(RebuildViews(id=ID, views=(*VIEWS, VIEWS[0]), asked_by=WHO)).then(REQUESTED)


@pytest.mark.parametrize(
    "changes",
    [{"views": ()}, {"views": ("",)}, {"rate": 0}, {"parallel": 0}, {"parallel": 17}, {"asked_by": ""}],
    ids=str,
)
def test_refuses_what_makes_no_sense(changes: dict[str, Any]) -> None:
    values: dict[str, Any] = {"views": VIEWS, "asked_by": WHO, **changes}
    given().when(RebuildViews(id=ID, **values)).refused(Invalid)


@pytest.mark.parametrize(
    ("history", "command", "event"),
    [
        ([], PAUSE, PAUSED),
        ([PAUSED], RESUME, RESUMED),
        ([PAUSED, RESUMED], PAUSE, PAUSED),
        ([], CANCEL, CANCELLED),
        ([PAUSED], CANCEL, CANCELLED),
        ([], ACCEPT, ACCEPTED),
        # A rebuild that was paused in vain goes on, and so forth.
        ([PAUSED, declined(RebuildRequest.PAUSE)], PAUSE, PAUSED),
        ([PAUSED, RESUMED, declined(RebuildRequest.RESUME)], RESUME, RESUMED),
        ([CANCELLED, declined(RebuildRequest.CANCEL)], PAUSE, PAUSED),
        ([ACCEPTED, declined(RebuildRequest.ACCEPT)], ACCEPT, ACCEPTED),
    ],
)
def test_notes_what_was_asked(history: list[Event], command: Command, event: Event) -> None:
    given(REQUESTED, *history).when(command).then(event)


@pytest.mark.parametrize(
    ("history", "command", "refusal"),
    [
        ([PAUSED], PAUSE, RebuildIsPaused),
        ([], RESUME, RebuildNotPaused),
        ([PAUSED, RESUMED], RESUME, RebuildNotPaused),
        ([PAUSED, declined(RebuildRequest.PAUSE)], RESUME, RebuildNotPaused),
        *(([CANCELLED], command, RebuildIsOver) for command in (PAUSE, RESUME, CANCEL, ACCEPT)),
        *(
            ([declined(RebuildRequest.BEGIN)], command, RebuildIsOver)
            for command in (PAUSE, RESUME, CANCEL, ACCEPT)
        ),
    ],
)
def test_refuses_what_cannot_be(history: list[Event], command: Command, refusal: type[Refusal]) -> None:
    given(REQUESTED, *history).when(command).refused(refusal)


def test_one_that_began_by_itself_is_directed_like_any() -> None:
    adopted = Rebuild.Adopted(views=VIEWS, asked_by="version 2")
    given().when(AdoptRebuild(id=ID, views=VIEWS, asked_by="version 2")).then(adopted)
    given(adopted).when(PAUSE).then(PAUSED)


def test_notes_why_it_could_not_be_done() -> None:
    noted = DeclineRebuild(id=ID, request=RebuildRequest.PAUSE, reason="It was over.")
    given(REQUESTED, PAUSED).when(noted).then(declined(RebuildRequest.PAUSE))
