"""What people say of themselves and what they prefer; both go with the person."""

from dataclasses import fields
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from domain.identity.preferences import EVERY_NOTICE, MAILED_NOTICES, Notice, ProfileVisibility, Theme
from domain.identity.users import User
from domain.kit.events import Event
from domain.kit.fields import Describe, Len, Longest, Personal
from projections.kit.declare.folds import carried, on, removed
from projections.kit.model import Check, CreatedAt, Index, PostgresView, RedisView, Row, UpdatedAt, replace


class ProfileRow(Row):
    """What a person says about themselves; texts about them are sealed."""

    id: Annotated[UUID, Describe("The user's id.")]
    first_name: Annotated[str, Personal(), Describe("The first name.")]
    last_name: Annotated[str, Personal(), Describe("The last name, if there is one.")]
    avatar_url: Annotated[
        str, Longest(2_000), Personal(), Describe("The https URL of a picture, if there is one.")
    ] = ""
    bio: Annotated[
        str, Longest(5_000), Personal(), Describe("What the user says about themselves, as plain text.")
    ] = ""
    location: Annotated[str, Personal(), Describe("The user's location.")] = ""
    timezone: Annotated[str, Len(max_length=50), Describe("The time zone, by its IANA name.")] = "UTC"
    language: Annotated[str, Len(max_length=10), Describe("The language, as a tag.")] = "en"
    visibility: Annotated[ProfileVisibility, Describe("Who sees it.")] = ProfileVisibility.EVERYONE
    hidden: Annotated[bool, Describe("Whether the person was deleted, and may still come back.")] = False
    created_at: CreatedAt
    updated_at: UpdatedAt


_TEXTS = tuple(field.name for field in fields(User.ProfileChanged))


class ProfileFolds:
    """What table and Redis rows have in common."""

    registered = carried(User.Registered, first=True)

    @on(User.ProfileChanged)
    def changed(self, row: ProfileRow, event: User.ProfileChanged) -> ProfileRow:
        said = {name: value for name in _TEXTS if (value := getattr(event, name)) is not None}
        return replace(row, **said, updated_at=event.timestamp)

    @on(User.PreferencesChanged)
    def visibility_changed(self, row: ProfileRow, event: User.PreferencesChanged) -> ProfileRow:
        if event.profile_visibility is row.visibility:
            return row
        return replace(row, visibility=event.profile_visibility)

    @on(User.Deleted)
    def hidden(self, row: ProfileRow, event: Event) -> ProfileRow:
        return replace(row, hidden=True)

    @on(User.Reactivated)
    def came_back(self, row: ProfileRow, event: Event) -> ProfileRow:
        return replace(row, hidden=False)

    gone = removed(User.Anonymised, User.Erased)


class UserProfiles(ProfileFolds, PostgresView[ProfileRow], name="users.user_profiles", version=2):
    """Profiles; they are removed with their user."""

    checks = (Check("valid_visibility", "visibility in ('everyone', 'team', 'nobody')"),)


class ProfileCards(
    ProfileFolds,
    RedisView[ProfileRow],
    name="users.profile_cards",
    version=2,
    pattern="user:profile:{id}",
    ttl=timedelta(minutes=5),
):
    """Profiles for quick look-ups."""


class PreferencesRow(Row):
    """A user's preferences."""

    user_id: Annotated[UUID, Describe("The user's id.")]
    in_app: Annotated[tuple[Notice, ...], Describe("The events to be notified of inside the product.")]
    by_email: Annotated[tuple[Notice, ...], Describe("The events to be notified of by e-mail.")]
    profile_visibility: Annotated[ProfileVisibility, Describe("Who sees the profile.")] = (
        ProfileVisibility.EVERYONE
    )
    analytics_opt_out: Annotated[bool, Describe("Whether the user opts out of product analytics.")] = False
    theme: Annotated[Theme, Describe("The colour theme.")] = Theme.SYSTEM
    updated_at: Annotated[UpdatedAt, Describe("When they last changed.")]


class UserPreferences(PostgresView[PreferencesRow], name="users.user_preferences", version=2, key="user_id"):
    """What everybody prefers, also who never said so."""

    checks = (Check("valid_theme", "theme in ('light', 'dark', 'system')"),)
    indexes = (Index("idx_preferences_opted_out", ("user_id",), where="analytics_opt_out"),)

    registered = carried(User.Registered, first=True, in_app=EVERY_NOTICE, by_email=MAILED_NOTICES)

    changed = carried(User.PreferencesChanged)

    gone = removed(User.Anonymised, User.Erased)
