"""Every field says what it is; one that does not fails here."""

from typing import Annotated, Any
from uuid import UUID

import pytest

from app.catalogue.checks import EXCEPTIONS, view_faults
from app.catalogue.inventory import CatalogueEntry, inventory, product_events
from app.contexts import VIEWS
from domain.kit.aggregate import Aggregate
from domain.kit.events import Event
from domain.kit.fields import Confidential, Internal, Len, Personal, Public, Purpose, Restricted
from domain.kit.privacy.inventory import faults
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import Row
from projections.kit.declare.view import View


class Guest(Aggregate, topic="catalogue.guest"):
    """A toy."""

    class Forgot(Event):
        name: str

    class Undecided(Event):
        name: Annotated[str, Public(), Internal()]

    class Numbered(Event):
        age: Annotated[int, Confidential(), Personal(), Purpose("To know it.")]

    class Aimless(Event):
        name: Annotated[str | None, Public(), Personal()]

    class Nobodys(Event):
        name: Annotated[str, Public(), Personal(subject="guest_id"), Purpose("To greet.")]

    class Wrapped(Event):
        names: Annotated[tuple[Annotated[str, Restricted(), Personal()], ...], Public()]

    class Good(Event):
        guest_id: Annotated[UUID, Public()]
        name: Annotated[str, Public(), Personal(subject="guest_id"), Purpose("To greet.")]
        mail: Annotated[str, Len(3, 9), Confidential(), Personal(), Purpose("To write.")] | None = None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Guest.Forgot, ["exactly one classification"]),
        (Guest.Undecided, ["it has Public and Internal"]),
        (Guest.Numbered, ["must be a str, not int"]),
        (Guest.Aimless, ["what it is kept for"]),
        (Guest.Nobodys, ["'guest_id', which is no field"]),
        (Guest.Wrapped, ["contains what is Restricted", "contains what is personal"]),
        (Guest.Good, []),
    ],
)
def test_the_check_says_what_is_wrong_with_a_declaration(event: type[Event], said: list[str]) -> None:
    found = sorted(faults(event))
    assert len(found) == len(said)
    assert all(part in fault for part, fault in zip(said, found, strict=True))


@pytest.mark.parametrize("name", sorted(product_events()))
def test_every_field_of_an_event_is_classified_once(name: str) -> None:
    assert faults(product_events()[name]) == []


class GuestRow(Row):
    """A toy's row that says less than the event."""

    id: UUID
    mail: Annotated[str | None, Public(), Len(max_length=9)]


class Guests(PostgresView[GuestRow], name="catalogue.guests", version=1):
    """Toys."""

    @on(Guest.Good, first=True)
    def good(self, row: None, event: Guest.Good) -> GuestRow:
        return GuestRow(id=event.originator_id, mail=event.mail)


def test_a_view_that_says_less_than_its_events_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.catalogue.inventory.product_events", lambda: {Guest.Good.stored_as: Guest.Good})
    assert view_faults(Guests) == [
        "catalogue.guests.mail is folded from what is confidential, and must say that it is, too.",
        "catalogue.guests.mail holds sealed texts, which are longer than plain ones, "
        "so its length must not be limited.",
    ]
    assert view_faults(Guests, {("catalogue.guests", "mail"): "It is a toy."}) == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_no_view_says_less_than_its_events(view: type[View[Any]]) -> None:
    assert view_faults(view) == []


def test_every_exception_names_a_field_and_a_reason() -> None:
    fields = {(entry.name, entry.field) for entry in inventory() if entry.kind == "view"}
    assert EXCEPTIONS.keys() <= fields
    assert all(reason.endswith(".") for reason in EXCEPTIONS.values())


def classes(*kinds: str) -> dict[str, CatalogueEntry]:
    """The entries of these kinds, by name and field."""
    return {f"{entry.name}.{entry.field}": entry for entry in inventory() if entry.kind in kinds}


def test_gov_05_names_and_public_information_about_projects_and_tasks_are_public() -> None:
    found = classes("event")
    public = [
        "identity.user.registered.first_name",
        "identity.user.registered.last_name",
        "work.project.created.name",
        "work.project.renamed.name",
        "work.project.created.visibility",
        "work.project.created.owner_id",
        "work.task.created.priority",
        "work.task.created.due_date",
        "work.task.completed.status",
    ]
    assert {name: found[name].classification for name in public} == dict.fromkeys(public, "public")


def test_gov_06_logs_metrics_and_analytics_are_internal() -> None:
    found = classes("event", "view", "table")
    internal = [
        "identity.user.registered.registration_source",
        "operations.rebuild.requested.rate",
        "operations.rebuild.requested.asked_by",
        "operations.repair.discard_requested.reason",
        "ops.lanes.rate",
        "ops.lanes.folded",
        "tasks.user_stats.completed",
        "tasks.daily_stats.created",
        "audit.activity_log.action",
    ]
    assert {name: found[name].classification for name in internal} == dict.fromkeys(internal, "internal")


def test_gov_07_addresses_and_descriptions_are_confidential_wherever_they_are_kept() -> None:
    found = [entry for entry in inventory() if entry.kind in ("event", "view")]
    chosen = [
        entry
        for entry in found
        if entry.field in ("email", "description")
        and entry.context in ("identity", "work")
        # Its address is made up, and nobody's.
        and entry.name != "identity.user.anonymised"
    ]
    assert {entry.store for entry in chosen} == {"postgres", "redis", "search"}
    assert {entry.name for entry in chosen} >= {
        "identity.user.registered",
        "work.task.created",
        "work.task.described",
        "work.project.created",
        "work.project.described",
        "users.people",
        "tasks.tasks",
        "tasks.projects",
        "work.task_search",
    }
    assert {f"{entry.name}.{entry.field}": entry.classification for entry in chosen} == {
        f"{entry.name}.{entry.field}": "confidential" for entry in chosen
    }


def test_gov_08_hashes_tokens_and_secrets_are_restricted_wherever_they_are_kept() -> None:
    words = ("hash", "hashes", "secret", "token", "password")
    # The hashes of a certificate are there to be shown: they prove what was erased.
    chosen = [
        entry
        for entry in inventory()
        if entry.kind in ("event", "view")
        and entry.context == "identity"
        and entry.field.rpartition("_")[2] in words
        and entry.type != "bool"
    ]
    assert chosen, "sign-in keeps hashes"
    assert {f"{entry.name}.{entry.field}": entry.classification for entry in chosen} == {
        f"{entry.name}.{entry.field}": "restricted" for entry in chosen
    }
