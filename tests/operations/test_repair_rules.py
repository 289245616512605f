"""The rules of rollbacks, and of what is asked about parked streams."""

from uuid import UUID

import pytest

from domain.kit.refusals import Invalid
from domain.kit.scenario import given
from domain.operations.repairs import DeclineRepair, DiscardParked, Repair, RetryParked
from domain.operations.rollbacks import (
    DeclineRollback,
    Rollback,
    RollbackIsSettled,
    RollbackViews,
    SettleRollback,
)

ID = UUID("00000000-0000-7000-8000-0000000000b1")
STREAM = UUID("00000000-0000-7000-8000-0000000000b2")
TENANT = UUID("00000000-0000-7000-8000-0000000000b3")
VIEW, WHO = "tasks.tasks", "ada on a machine"

ASKED = Rollback.Requested(views=(VIEW,), asked_by=WHO, rebuild_id=STREAM)
MADE = Rollback.Made(views=(VIEW,), generations=(1,))


def test_a_rollback_is_noted_with_what_serves_then() -> None:
    command = RollbackViews(id=ID, rebuild_id=STREAM, views=(VIEW, VIEW), asked_by=WHO)
    given().when(command).then(ASKED)
    given(ASKED).when(SettleRollback(id=ID, views=(VIEW,), generations=(1,))).then(MADE)


def test_a_rollback_that_was_not_to_be_is_noted_with_the_reason() -> None:
    given(ASKED).when(DeclineRollback(id=ID, reason="None.")).then(Rollback.Declined(reason="None."))


@pytest.mark.parametrize("end", [MADE, Rollback.Declined(reason="None.")])
def test_a_rollback_ends_once(end: Rollback.Made | Rollback.Declined) -> None:
    given(ASKED, end).when(DeclineRollback(id=ID, reason="None.")).refused(RollbackIsSettled)
    given(ASKED, end).when(SettleRollback(id=ID, views=(), generations=())).refused(Invalid)
    given(ASKED, end).when(SettleRollback(id=ID, views=(VIEW,), generations=(1,))).refused(RollbackIsSettled)


def test_a_retry_is_noted() -> None:
    given().when(RetryParked(id=ID, view=VIEW, asked_by=WHO)).then(
        Repair.RetryRequested(view=VIEW, asked_by=WHO)
    )


def test_a_discard_is_noted_with_its_reason() -> None:
    command = DiscardParked(
        id=ID, view=VIEW, stream=STREAM, tenant_id=TENANT, reason="Imported twice.", asked_by=WHO
    )
    given().when(command).then(
        Repair.DiscardRequested(
            view=VIEW, stream=STREAM, tenant_id=TENANT, reason="Imported twice.", asked_by=WHO
        )
    )


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001])
def test_a_discard_needs_a_reason(reason: str) -> None:
    command = DiscardParked(id=ID, view=VIEW, stream=STREAM, reason=reason, asked_by=WHO)
    given().when(command).refused(Invalid)


def test_what_could_not_be_done_about_a_stream_is_noted() -> None:
    requested = Repair.RetryRequested(view=VIEW, asked_by=WHO)
    given(requested).when(DeclineRepair(id=ID, reason="None.")).then(Repair.Declined(reason="None."))
