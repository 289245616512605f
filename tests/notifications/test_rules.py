"""Notifications: what can be done with them, and by whom."""

from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.refusals import Invalid, NotFound
from domain.kit.scenario import NOON, given, on
from domain.work.notifications import (
    Channel,
    MarkNotificationRead,
    Notification,
    NotificationKind,
    NotifyUser,
    notification_id,
)
from domain.work.tasks import TaskStatus
from projections.work.notifications import NotificationRow, Notifications
from tests.kit.folding import folded

ID, ANN, TASK, BOB = UUID(int=9), UUID(int=1), UUID(int=2), UUID(int=3)
SENT = Notification.Sent(
    user_id=ANN,
    kind=NotificationKind.STATUS_CHANGED,
    task_id=TASK,
    channels=(Channel.IN_APP,),
    by=BOB,
    status=TaskStatus.IN_REVIEW,
)
ANNS = Caller(tenant_id=UUID(int=1), user_id=ANN)
READ = MarkNotificationRead(id=ID)


def test_tells_a_person() -> None:
    command = NotifyUser(
        id=ID,
        user_id=ANN,
        kind=NotificationKind.STATUS_CHANGED,
        task_id=TASK,
        channels=(Channel.IN_APP,),
        by=BOB,
        status=TaskStatus.IN_REVIEW,
    )
    given().when(command).then(SENT)


def test_tells_nobody_by_no_channel() -> None:
    command = NotifyUser(id=ID, user_id=ANN, kind=NotificationKind.ASSIGNED, task_id=TASK, channels=())
    given().when(command).refused(Invalid, field="channels")


def test_is_read() -> None:
    given(SENT).by(ANNS).when(READ).then(Notification.Read())


def test_is_read_once() -> None:
    given(SENT, Notification.Read()).by(ANNS).when(READ).then()


def test_does_not_exist_for_others() -> None:
    given(SENT).by(Caller(tenant_id=UUID(int=1), user_id=BOB)).when(READ).refused(NotFound, field="id")


def test_one_cause_is_one_notification_of_each_person() -> None:
    assert notification_id(TASK, ANN) == notification_id(TASK, ANN)
    assert len({notification_id(TASK, ANN), notification_id(TASK, BOB), notification_id(BOB, ANN)}) == 3


def test_the_view_shows_what_was_told_and_when_it_was_read() -> None:
    rows = folded(Notifications(), on(ID, SENT, Notification.Read()))
    assert rows == {
        (ID,): NotificationRow(
            id=ID,
            user_id=ANN,
            kind=NotificationKind.STATUS_CHANGED,
            task_id=TASK,
            by=BOB,
            status=TaskStatus.IN_REVIEW,
            due_date=None,
            sent_at=NOON,
            read_at=NOON,
        )
    }


def test_the_view_leaves_out_what_went_by_mail_alone() -> None:
    mailed = Notification.Sent(
        user_id=ANN, kind=NotificationKind.ASSIGNED, task_id=TASK, channels=(Channel.EMAIL,)
    )
    assert folded(Notifications(), on(ID, mailed, Notification.Read())) == {}
