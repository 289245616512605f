"""The status of an entity in the index is the one in which its events leave it."""

from uuid import UUID

import pytest

from domain.identity.users import User
from domain.kit.scenario import on
from domain.work.tasks import Task, TaskStatus
from projections.tenancy.entity_index import BY_TYPE, EntityIndex, EntityStep
from tests.kit.folding import folded
from tests.work.histories import TASK, task_created

ANNA = UUID("00000000-0000-7000-8000-00000000000d")
REGISTERED = User.Registered(email="anna@example.com", first_name="Anna")


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((User.Suspended(),), "suspended"),
        ((User.Suspended(), User.Reactivated()), "active"),
        ((User.Deactivated(),), "inactive"),
        ((User.Suspended(), User.Deactivated()), "inactive"),
        ((User.Removed(),), "removed"),
        ((User.Deleted(),), "deleted"),
        ((User.Erased(),), "erased"),
    ],
)
def test_a_user_stands_as_the_names_of_events_say(events: tuple[User.Erased, ...], status: str) -> None:
    [row] = folded(EntityIndex(), on(ANNA, REGISTERED, *events)).values()
    assert row.status == status


LEAVE_THE_STATUS = {
    "added",
    "callbacks_refused",
    "changed",
    "choices_changed",
    "confirmation_asked",
    "connected",
    "created",
    "described",
    "due_date_set",
    "edited",
    "email_changed",
    "email_verified",
    "event_replay_requested",
    "failure_began",
    "failure_ended",
    "invoice_issued",
    "invoice_refunded",
    "key_issued",
    "key_revoked",
    "lifted",
    "member_added",
    "member_removed",
    "moved",
    "opened",
    "opt_in_changed",
    "page_taken",
    "part_written",
    "placed",
    "preferences_changed",
    "price_changed",
    "priority_changed",
    "profile_changed",
    "pull_ended",
    "pull_failed",
    "pull_requested",
    "registered",
    "relabelled",
    "renamed",
    "replay_requested",
    "requested",
    "role_changed",
    "role_granted",
    "role_withdrawn",
    "secret_rotated",
    "sent",
    "settings_changed",
    "slug_changed",
    "slugs_freed",
    "step_done",
    "subscribed",
    "suppressed",
    "tagged",
    "tags_extracted",
    "test_requested",
    "tier_changed",
    "try_failed",
    "unsubscribed",
    "unsubscribed_from_all",
    "users_changed",
    "version_added",
    "visibility_changed",
}
"""How the names of events end after which a thing stands as it stood."""


def test_every_event_leads_to_a_status_or_is_known_to_leave_it() -> None:
    leave = {
        event.stored_as.rsplit(".", 1)[-1]
        for entity in BY_TYPE.values()
        for event in entity.aggregate.events
        if not EntityStep(event, entity).statuses
    }
    assert leave == LEAVE_THE_STATUS


def test_every_status_of_a_task_is_the_indexes_too() -> None:
    for status in TaskStatus:
        event = Task.StatusChanged(status=status, previous=TaskStatus.TODO, assigned_to=None, project_id=None)
        [row] = folded(EntityIndex(), on(TASK, task_created(), event)).values()
        assert row.status == status
