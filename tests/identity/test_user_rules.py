"""The rules of users: profile, preferences, address, and how one leaves and is forgotten."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.identity.authorization import BaseRole
from domain.identity.preferences import EVERY_NOTICE, MAILED_NOTICES, Notice, ProfileVisibility, Theme
from domain.identity.user_commands import (
    AnonymiseUser,
    ChangePreferences,
    ChangeUserEmail,
    ConfirmUserEmail,
    DeactivateUser,
    DeleteUser,
    EraseUser,
    ReactivateUser,
    RemoveUser,
    SuspendUser,
    UpdateProfile,
)
from domain.identity.user_rules import (
    ANONYMISED_AFTER,
    TooEarlyToAnonymise,
    UserHasStatus,
    UserIsDeleted,
    UserNotAMember,
)
from domain.identity.users import User
from domain.kit.clock import at
from domain.kit.commands import Command
from domain.kit.refusals import Forbidden, Invalid, NotFound
from domain.kit.scenario import NOON, given
from tests.identity.people import ADMIN, ANNA, GUEST, MEMBER, ROLE, caller, registered

MYSELF = caller("guest", ANNA)
KNOWN = registered()
PREFERENCES: dict[str, Any] = {
    "in_app": EVERY_NOTICE,
    "by_email": MAILED_NOTICES,
    "profile_visibility": ProfileVisibility.EVERYONE,
    "analytics_opt_out": False,
    "theme": Theme.SYSTEM,
}


def test_a_profile_change_says_only_what_changed() -> None:
    command = UpdateProfile(id=ANNA, bio=" Rows. ", timezone="Europe/Berlin", language="de")
    changed = User.ProfileChanged(bio="Rows.", timezone="Europe/Berlin", language="de")
    given(KNOWN).by(MYSELF).when(command).then(changed)


def test_an_empty_profile_change_records_nothing() -> None:
    given(KNOWN).by(MYSELF).when(UpdateProfile(id=ANNA)).then()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", ""),
        ("first_name", "x" * 101),
        ("last_name", "x" * 101),
        ("location", "x" * 256),
        ("location", "a\nb"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", "europe/berlin"),
        ("language", "x" * 11),
        ("language", "not a tag"),
        ("avatar_url", "javascript:alert(1)"),
        ("avatar_url", "http://example.com/a.png"),
        ("avatar_url", 'https://example.com/"onload="x'),
        ("bio", "x" * 5001),
    ],
)
def test_refuses_a_profile_outside_the_limits(field: str, value: str) -> None:
    command = UpdateProfile(id=ANNA, **{field: value})
    given(KNOWN).by(MYSELF).when(command).refused(Invalid, field=field)


@pytest.mark.parametrize(
    "command",
    [
        UpdateProfile(id=ANNA, bio="x"),
        ChangePreferences(id=ANNA, theme=Theme.DARK),
        ChangeUserEmail(id=ANNA, email="x@example.com"),
        RemoveUser(id=ANNA),
        DeleteUser(id=ANNA),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("by", [GUEST, MEMBER], ids=["guest", "member"])
def test_nobody_changes_another_without_the_permission(command: Command, by: Any) -> None:
    given(KNOWN).by(by).when(command).refused(Forbidden)


def test_a_key_acts_as_its_maker_only_if_it_may() -> None:
    key = replace(MYSELF, kind="key", permissions=frozenset({"work:read"}))
    given(KNOWN).by(key).when(DeleteUser(id=ANNA)).refused(Forbidden)
    allowed = replace(key, permissions=frozenset({"self"}))
    given(KNOWN).by(allowed).when(UpdateProfile(id=ANNA, bio="x")).then(User.ProfileChanged(bio="x"))
    for ending in (DeleteUser(id=ANNA), RemoveUser(id=ANNA)):
        given(KNOWN).by(allowed).when(ending).refused(Forbidden)


def test_those_who_administer_people_change_profiles() -> None:
    given(KNOWN).by(ADMIN).when(UpdateProfile(id=ANNA, bio="x")).then(User.ProfileChanged(bio="x"))


def test_preferences_that_are_left_out_stay() -> None:
    command = ChangePreferences(id=ANNA, theme=Theme.DARK, by_email=(Notice.DUE_SOON, Notice.DUE_SOON))
    changed = PREFERENCES | {"theme": Theme.DARK, "by_email": (Notice.DUE_SOON,)}
    given(KNOWN).by(MYSELF).when(command).then(User.PreferencesChanged(**changed))


def test_preferences_as_they_were_record_nothing() -> None:
    wanted: dict[str, Any] = PREFERENCES | {"in_app": (Notice.ASSIGNED,)}
    changed = User.PreferencesChanged(**wanted)
    command = ChangePreferences(id=ANNA, in_app=(Notice.ASSIGNED,), analytics_opt_out=False)
    given(KNOWN, changed).by(MYSELF).when(command).then()


def test_a_new_address_is_stored_in_lower_case() -> None:
    command = ChangeUserEmail(id=ANNA, email="New@Example.com")
    given(KNOWN).by(MYSELF).when(command).then(User.EmailChanged(email="new@example.com"))


def test_an_address_is_confirmed_once() -> None:
    given(KNOWN).when(ConfirmUserEmail(id=ANNA)).then(User.EmailVerified())
    given(KNOWN, User.EmailVerified()).when(ConfirmUserEmail(id=ANNA)).then()


def test_a_new_address_is_not_confirmed() -> None:
    history = KNOWN, User.EmailVerified(), User.EmailChanged(email="new@example.com")
    given(*history).when(ConfirmUserEmail(id=ANNA)).then(User.EmailVerified())


STATUSES: list[tuple[tuple[Any, ...], Command, Any]] = [
    ((), SuspendUser(id=ANNA), User.Suspended()),
    ((), DeactivateUser(id=ANNA), User.Deactivated()),
    ((User.Suspended(),), ReactivateUser(id=ANNA), User.Reactivated()),
    ((User.Deactivated(),), ReactivateUser(id=ANNA), User.Reactivated()),
    ((User.Suspended(),), DeactivateUser(id=ANNA), User.Deactivated()),
    ((), RemoveUser(id=ANNA), User.Removed()),
    ((User.Suspended(),), DeleteUser(id=ANNA), User.Deleted()),
    ((User.Removed(),), DeleteUser(id=ANNA), User.Deleted()),
]


def test_a_deletion_is_taken_back_as_long_as_the_data_are_kept() -> None:
    back = User.Reactivated(), User.Rejoined(role=BaseRole.MEMBER)
    given(KNOWN, User.Deleted()).by(ADMIN).when(ReactivateUser(id=ANNA)).then(*back)
    with at(NOON):
        user = User.begin(ANNA, KNOWN)
        user.record(User.Deleted())
    with pytest.raises(UserIsDeleted):
        ReactivateUser(id=ANNA).handle(user, ADMIN, NOON + ANONYMISED_AFTER)


@pytest.mark.parametrize(("before", "command", "event"), STATUSES)
def test_a_status_changes(before: tuple[Any, ...], command: Command, event: Any) -> None:
    given(KNOWN, *before).by(ADMIN).when(command).then(event)


@pytest.mark.parametrize(
    ("before", "command", "refusal"),
    [
        ((User.Suspended(),), SuspendUser(id=ANNA), UserHasStatus),
        ((User.Deactivated(),), DeactivateUser(id=ANNA), UserHasStatus),
        ((), ReactivateUser(id=ANNA), UserHasStatus),
        ((User.Removed(),), RemoveUser(id=ANNA), UserNotAMember),
        ((User.Deleted(),), DeleteUser(id=ANNA), UserIsDeleted),
        ((User.Deleted(),), SuspendUser(id=ANNA), UserIsDeleted),
        ((User.Deleted(),), RemoveUser(id=ANNA), UserIsDeleted),
        ((User.Deleted(),), UpdateProfile(id=ANNA, bio="x"), UserIsDeleted),
        ((User.Deleted(),), ChangePreferences(id=ANNA, theme=Theme.DARK), UserIsDeleted),
        ((User.Deleted(),), ChangeUserEmail(id=ANNA, email="x@example.com"), UserIsDeleted),
    ],
)
def test_a_status_is_not_changed_twice(before: tuple[Any, ...], command: Command, refusal: Any) -> None:
    given(KNOWN, *before).by(ADMIN).when(command).refused(refusal)


def test_who_leaves_is_relieved_of_his_roles() -> None:
    history = KNOWN, User.RoleGranted(role_id=ROLE)
    relieved = User.RoleWithdrawn(role_id=ROLE)
    given(*history).by(ADMIN).when(RemoveUser(id=ANNA)).then(relieved, User.Removed())
    given(*history).by(ADMIN).when(DeleteUser(id=ANNA)).then(relieved, User.Deleted())
    given(*history).by(ADMIN).when(EraseUser(id=ANNA)).then(relieved, User.Erased())


@pytest.mark.parametrize(
    ("later", "done"), [(timedelta(days=30), True), (timedelta(days=30, microseconds=-1), False)]
)
def test_a_deleted_person_is_anonymised_from_the_30th_day_on(later: timedelta, done: bool) -> None:
    with at(NOON):
        user = User.begin(ANNA, KNOWN)
        user.record(User.Deleted())
    user.decided()
    with at(NOON + later):
        if done:
            AnonymiseUser(id=ANNA).handle(user, NOON + later)
            assert user.decided() == [User.Anonymised(email=f"deleted-{ANNA}@deleted.local")]
        else:
            with pytest.raises(TooEarlyToAnonymise):
                AnonymiseUser(id=ANNA).handle(user, NOON + later)


def test_nobody_is_anonymised_who_was_not_deleted() -> None:
    given(KNOWN).when(AnonymiseUser(id=ANNA)).refused(TooEarlyToAnonymise)


def test_after_his_end_nothing_is_known_of_a_person() -> None:
    anonymised = User.Anonymised(email=f"deleted-{ANNA}@deleted.local")
    for end in ((User.Erased(),), (User.Deleted(), anonymised)):
        given(KNOWN, *end).by(ADMIN).when(SuspendUser(id=ANNA)).refused(NotFound)
