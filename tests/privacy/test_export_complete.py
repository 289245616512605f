"""An export holds all that is kept of a person: by the inventory of all that is kept, and by what is found."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import pytest

from app.catalogue.inventory import CatalogueEntry, inventory
from app.contexts import SUBJECTS, VIEWS
from app.privacy.export.sections import PARTS
from app.privacy.factory import privacy_processes
from app.privacy.left_out import LEFT_OUT
from domain.identity.api_keys import CreateApiKey
from domain.identity.authorization import BaseRole
from domain.identity.invitations import InviteUser
from domain.identity.user_commands import UpdateProfile
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.fields import Restricted, marks
from projections.kit.context.exports import exported
from projections.kit.declare.postgres import PostgresView
from tests.privacy.contacts import CONTACTS, CreateContact
from tests.privacy.estate import Estate, accepted
from tests.privacy.people import Person, a_member, an_account, an_owner, some_work

NOBODYS = {
    *("tenant_id", "event_id", "command_id", "project_id", "task_id", "role_id", "subscription_id", "cause"),
    *("rebuild", "error_event", "error_stream", "in_tenant", "key"),
}
"""Ids that never stand for a person."""

KEPT = [entry for entry in inventory() if entry.kind != "event"]
HELD = {name for part in PARTS for name in part.holds}


def tells(entry: CatalogueEntry) -> bool:
    """Whether a field may say something of somebody: it is personal, names somebody, or may hold anything."""
    named = "uuid" in entry.type.lower() and entry.field not in NOBODYS
    # A row's own id names what the row is about: a person, only where something else is personal.
    named = named and not (entry.kind == "view" and entry.field == "id")
    return entry.personal or named or entry.type in ("dict[str, Any]", "jsonb")


def test_all_that_is_kept_about_people_is_exported_or_left_out_with_a_reason() -> None:
    telling = {entry.name for entry in KEPT if tells(entry)}
    assert sorted(telling - HELD - LEFT_OUT.keys()) == [], (
        "name them in exports of their context's manifest, or in not_exported with the reason"
    )


def test_what_is_left_out_is_there_and_in_no_part() -> None:
    names = {entry.name for entry in KEPT} | {f"{entry.name}.{entry.field}" for entry in KEPT}
    assert LEFT_OUT.keys() <= names
    assert HELD & LEFT_OUT.keys() == set()
    assert all(reason.endswith(".") for reason in LEFT_OUT.values())


@pytest.mark.parametrize("view", [view for view in VIEWS if view.name in HELD], ids=lambda view: view.name)
def test_a_part_shows_every_field_but_what_is_restricted_or_left_out(view: type[PostgresView[Any]]) -> None:
    hints = get_type_hints(view.row, include_extras=True)
    hidden = {name for name in hints if any(isinstance(mark, Restricted) for mark in marks(hints[name]))}
    hidden |= {name for name in hints if f"{view.name}.{name}" in LEFT_OUT}
    left_out = [name for part in PARTS if view.name in part.holds for name in part.left_out]
    shown = exported(view, *(name.removeprefix(f"{view.name}.") for name in left_out))
    assert set(shown) == hints.keys() - hidden


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


async def _exported(estate: Estate, by: Caller, subject: UUID) -> Any:
    request = estate.request(by)
    async with estate.acting():
        accepted(await estate.desk.export(request, subject))
        await estate.settled()
    pieces = await estate.files.read(by.home, request.command_id)
    assert pieces is not None
    return json.loads(b"".join(pieces))


async def _busy(estate: Estate) -> tuple[Caller, Person]:
    """Somebody of whom something is kept wherever anything can be."""
    owner = await an_owner(estate, uuid4())
    ann = await a_member(estate, owner, *await an_account(estate))
    await some_work(estate, owner, ann)
    # What is written over is still in the log.
    await estate.send(UpdateProfile(id=ann.id, bio="Nothing of interest"), ann.caller)
    invitation = InviteUser(
        id=uuid4(),
        email=ann.email,
        role=BaseRole.GUEST,
        token_hash=uuid4().hex * 2,
    )
    await estate.send(invitation, owner)
    await estate.send(
        CreateApiKey(
            id=uuid4(),
            name="Annabella's key",
            permissions=("work:read",),
            secret_hash=uuid4().hex * 2,
            expires_at=datetime.now(UTC) + timedelta(days=30),
        ),
        ann.caller,
    )
    await estate.house.followed()
    return owner, ann


async def test_every_sealed_text_of_a_person_is_in_their_own_export_in_plain(estate: Estate) -> None:
    """Looked for as an erasure looks for them: in the whole log, by their key. But for the secret of their second
    factor, which is restricted."""
    owner, ann = await _busy(estate)
    known = set[str]()
    for tenant in (owner.tenant_id, ACCOUNTS):
        wanted = await estate.search.wanted(tenant, ann.id)
        known |= {*wanted.everywhere, *wanted.beside}
    assert {ann.email, "Collects barometers and old maps", "203.0.113.77"} < known
    texts = set(_texts(await _exported(estate, ann.caller, ann.id)))
    assert known - texts == {"JBSWY3DPEHPK3PXP"}


async def test_every_table_that_names_a_person_is_in_their_export(estate: Estate) -> None:
    """By what the database holds, not by what is declared."""
    _, ann = await _busy(estate)
    names = {name for part in PARTS for name in part.holds}
    found = defaultdict[str, int](int)
    connection = await estate.database.owner()
    try:
        tables = await connection.fetch(
            """select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on
               n.oid = c.relnamespace where c.relkind in ('r', 'p') and not c.relispartition
               and n.nspname not in ('pg_catalog', 'information_schema')"""
        )
        for table in tables:
            found[f"{table['schema'].partition('_g')[0]}.{table['name']}"] += await connection.fetchval(
                f"""select count(*) from "{table["schema"]}"."{table["name"]}" t
                     where strpos(t::text, $1) > 0 or strpos(t::text, $2) > 0""",
                str(ann.id),
                ann.id.hex,
            )
    finally:
        await connection.close()
    naming = {name for name, rows in found.items() if rows}
    assert {
        "users.users",
        "auth.api_keys",
        "auth.invitations",
        "es.events",
        "audit.activity_log",
    } <= naming | names
    assert naming - names - LEFT_OUT.keys() == set()


async def test_an_export_tells_what_was_done_and_by_which_keys_and_invitations(estate: Estate) -> None:
    owner, ann = await _busy(estate)
    document = await _exported(estate, owner, ann.id)
    more = document["additional_data"]
    assert [key["name"] for key in more["api_keys"]] == ["Annabella's key"]
    # Found by the address, for nobody has accepted it.
    assert [invitation["email"] for invitation in more["invitations"]] == [ann.email]
    assert {"created", "assigned", "completed"} <= {
        activity["action"] for activity in document["activity_data"]["activities"]
    }
    types = [event["type"] for event in more["events"]]
    assert types.count("identity.user.profile_changed") == 2
    assert str(owner.user_id) not in json.dumps(document)


async def test_a_contact_is_exported_by_its_declaration(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    contact, email = uuid4(), f"c.{uuid4().hex}@example.com"
    await estate.send(CreateContact(id=contact, email=email, name="Peregrine Toys"), owner)
    async with privacy_processes(
        estate.settings,
        database=estate.database,
        bus=estate.bus,
        codec=estate.codec,
        keys=estate.ring,
        kinds=(*SUBJECTS, CONTACTS),
    ) as processes:
        document = await _exported(replace(estate, processes=processes), owner, contact)
    events = document["additional_data"]["events"]
    assert events[0]["data"] == {"email": email, "name": "Peregrine Toys"}
    # That it was asked for is kept as well.
    assert [event["type"] for event in events] == ["toys.contact.created", "governance.export.requested"]
    assert document["personal_data"] == {"user": None, "profile": None}


async def test_who_belongs_to_no_tenant_is_given_the_account(estate: Estate) -> None:
    id, email = await an_account(estate)
    alone = Caller(tenant_id=UUID(int=0), user_id=id)
    document = await _exported(estate, alone, id)
    more = document["additional_data"]
    assert more["account"]["email"] == email
    assert next(event["type"] for event in more["events"]) == "identity.account.opened"
    assert more["account_events"] == []
