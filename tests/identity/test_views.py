"""What the views make of what happens to people; each event may be delivered twice."""

from typing import Any

import pytest
from redis.asyncio import Redis

from domain.identity.authorization import BaseRole
from domain.identity.preferences import EVERY_NOTICE, MAILED_NOTICES, Notice, ProfileVisibility, Theme
from domain.identity.user_rules import UserStatus
from domain.identity.users import User
from domain.kit.events import Event
from domain.kit.scenario import NOON, on
from projections.identity.memberships import (
    Memberships,
    UserRoles,
)
from projections.identity.people import People, PersonRow
from projections.identity.profiles import (
    PreferencesRow,
    ProfileCards,
    ProfileRow,
    UserPreferences,
    UserProfiles,
)
from projections.identity.users import FlatUserRow, FlatUsers, UserRow, Users
from projections.kit.declare.folds import Key
from projections.kit.declare.row import replace
from tests.identity.people import ANNA, ROLE, SEALED, registered, row
from tests.kit.folding import folded
from tests.kit.processes import until
from tests.kit.product import Product

KNOWN = registered()
SAID = User.ProfileChanged(first_name="Ann", bio="Rows.", timezone="Europe/Berlin")
PREFERRED = User.PreferencesChanged(
    in_app=(Notice.ASSIGNED,),
    by_email=(),
    profile_visibility=ProfileVisibility.NOBODY,
    analytics_opt_out=True,
    theme=Theme.DARK,
)
ANONYMISED = User.Anonymised(email=f"deleted-{ANNA}@deleted.local")


USER = UserRow(
    id=ANNA,
    email="anna@example.com",
    email_key="anna@example.com",
    role=BaseRole.MEMBER,
    created_at=NOON,
    updated_at=NOON,
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), USER),
        ((SAID,), USER),
        ((User.EmailVerified(),), replace(USER, email_verified=True)),
        (
            (User.EmailVerified(), User.EmailChanged(email=SEALED)),
            replace(USER, email=SEALED, email_key="0a1b"),
        ),
        ((User.RoleChanged(role=BaseRole.ADMIN),), replace(USER, role=BaseRole.ADMIN)),
        ((User.Suspended(),), replace(USER, status=UserStatus.SUSPENDED, sessions_after=NOON)),
        ((User.Deactivated(),), replace(USER, status=UserStatus.INACTIVE, sessions_after=NOON)),
        ((User.Suspended(), User.Reactivated()), replace(USER, sessions_after=NOON)),
        ((PREFERRED,), replace(USER, profile_visibility="nobody")),
        (
            (User.Removed(), User.Rejoined(role=BaseRole.GUEST)),
            replace(USER, role=BaseRole.GUEST, sessions_after=NOON),
        ),
        (
            (User.Erased(),),
            replace(USER, email="", email_key="", status=UserStatus.DELETED, sessions_after=NOON),
        ),
        (
            (User.Deleted(), ANONYMISED),
            replace(
                USER,
                email=ANONYMISED.email,
                email_key=ANONYMISED.email,
                status=UserStatus.DELETED,
                sessions_after=NOON,
            ),
        ),
    ],
)
def test_users(events: tuple[Event, ...], expected: UserRow) -> None:
    assert row(Users(), KNOWN, *events) == expected


FLAT = FlatUserRow(
    user_id=str(ANNA),
    email="anna@example.com",
    first_name="Anna",
    last_name="Berg",
    status=UserStatus.ACTIVE,
    created_at=NOON,
    updated_at=NOON,
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), FLAT),
        ((SAID,), replace(FLAT, first_name="Ann")),
        ((User.ProfileChanged(last_name=""),), replace(FLAT, last_name="")),
        ((User.EmailChanged(email="new@example.com"),), replace(FLAT, email="new@example.com")),
        ((User.Suspended(),), replace(FLAT, status=UserStatus.SUSPENDED)),
        (
            (User.Erased(),),
            replace(FLAT, email="", first_name="", last_name="", status=UserStatus.DELETED),
        ),
        (
            (User.Deleted(), ANONYMISED),
            replace(FLAT, email=ANONYMISED.email, first_name="", last_name="", status=UserStatus.DELETED),
        ),
    ],
)
def test_flat_users(events: tuple[Event, ...], expected: FlatUserRow) -> None:
    assert row(FlatUsers(), KNOWN, *events) == expected


def test_the_id_of_a_flat_user_has_36_characters() -> None:
    assert len(row(FlatUsers(), KNOWN).user_id) == 36


PERSON = PersonRow(
    id=ANNA,
    email="anna@example.com",
    first_name="Anna",
    last_name="Berg",
    role=BaseRole.MEMBER,
    created_at=NOON,
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), PERSON),
        ((SAID,), replace(PERSON, first_name="Ann")),
        ((User.RoleChanged(role=BaseRole.GUEST),), replace(PERSON, role=BaseRole.GUEST)),
        ((User.Removed(),), replace(PERSON, is_member=False)),
        ((User.Removed(), User.Rejoined(role=BaseRole.ADMIN)), replace(PERSON, role=BaseRole.ADMIN)),
        ((User.Deleted(),), replace(PERSON, status=UserStatus.DELETED, is_member=False)),
        (
            (User.Erased(),),
            replace(
                PERSON,
                email="",
                first_name="",
                last_name="",
                status=UserStatus.DELETED,
                is_member=False,
            ),
        ),
    ],
)
def test_people(events: tuple[Event, ...], expected: PersonRow) -> None:
    assert row(People(), KNOWN, *events) == expected


PROFILE = ProfileRow(id=ANNA, first_name="Anna", last_name="Berg", created_at=NOON, updated_at=NOON)


@pytest.mark.parametrize("view", [UserProfiles, ProfileCards])
@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), PROFILE),
        ((SAID,), replace(PROFILE, first_name="Ann", bio="Rows.", timezone="Europe/Berlin")),
        ((SAID, User.ProfileChanged(bio="")), replace(PROFILE, first_name="Ann", timezone="Europe/Berlin")),
        ((PREFERRED,), replace(PROFILE, visibility=ProfileVisibility.NOBODY)),
        ((User.Suspended(),), PROFILE),
        ((User.Deleted(),), replace(PROFILE, hidden=True)),
        ((User.Deleted(), User.Reactivated()), PROFILE),
        ((User.Deleted(), User.Anonymised(email="x")), None),
        ((User.Erased(),), None),
        ((User.Deleted(), User.Erased()), None),
    ],
)
def test_profiles(view: Any, events: tuple[Event, ...], expected: ProfileRow | None) -> None:
    assert row(view(), KNOWN, *events) == expected


PREFERENCES = PreferencesRow(user_id=ANNA, in_app=EVERY_NOTICE, by_email=MAILED_NOTICES, updated_at=NOON)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), PREFERENCES),
        (
            (PREFERRED,),
            PreferencesRow(
                user_id=ANNA,
                in_app=(Notice.ASSIGNED,),
                by_email=(),
                profile_visibility=ProfileVisibility.NOBODY,
                analytics_opt_out=True,
                theme=Theme.DARK,
                updated_at=NOON,
            ),
        ),
        ((User.Deleted(),), PREFERENCES),
        ((User.Deleted(), User.Anonymised(email="x")), None),
        ((User.Deleted(), User.Erased()), None),
    ],
)
def test_preferences(events: tuple[Event, ...], expected: PreferencesRow | None) -> None:
    assert row(UserPreferences(), KNOWN, *events) == expected


async def test_profiles_are_kept_in_redis_for_five_minutes(product: Product) -> None:
    """Under the key of the catalogue (CAC-07), behind what tells installation, view and tenant."""
    ada = await product.newcomer("Ada")
    async with Redis.from_url(product.settings.redis_url, decode_responses=True) as redis:

        async def written() -> bool:
            return bool(await redis.keys(f"*{ada.me}"))

        await until(written)
        found = {str(key): await redis.ttl(key) for key in await redis.keys(f"*:profile:{ada.me}")}
    [(key, seconds)] = found.items()
    assert key.startswith(f"{product.settings.redis_prefix}:users.profile_cards")
    assert str(ada.tenant) in key
    assert key.endswith(f":user:profile:{ada.me}")
    assert 0 < seconds <= 300


STREAM = (
    KNOWN,
    SAID,
    PREFERRED,
    User.RoleGranted(role_id=ROLE),
    User.RoleWithdrawn(role_id=ROLE),
    User.Removed(),
    User.Rejoined(role=BaseRole.GUEST),
    User.Deleted(),
    User.Erased(),
)


ALWAYS = tuple(range(1, len(STREAM) + 1))
PERSONAL = ("anna@example.com", "Anna", "Ann", "Berg", "Rows.", "Europe/Berlin")


@pytest.mark.parametrize(
    ("view", "key", "there"),
    [
        (Users, (ANNA,), ALWAYS),
        (FlatUsers, (str(ANNA),), ALWAYS),
        (People, (ANNA,), ALWAYS),
        (UserProfiles, (ANNA,), ALWAYS[:-1]),
        (ProfileCards, (ANNA,), ALWAYS[:-1]),
        (UserPreferences, (ANNA,), ALWAYS[:-1]),
        (Memberships, (ANNA,), (1, 2, 3, 4, 5, 7)),
        (UserRoles, (ANNA, ROLE), (4,)),
    ],
)
def test_a_row_is_there_from_its_first_event_to_its_last(view: Any, key: Key, there: tuple[int, ...]) -> None:
    rows = {end: folded(view(), on(ANNA, *STREAM[:end])) for end in ALWAYS}
    assert {end: list(found) for end, found in rows.items() if found} == {end: [key] for end in there}
    left = repr(rows[len(STREAM)])
    assert [text for text in PERSONAL if text in left] == []
