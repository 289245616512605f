"""Confidential fields: somebody can read each, who may not is told why, and a text opens for its own person."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.kit.schema.node_types import shows
from app.catalogue.inventory import product_events
from app.settings import Settings
from app.storage.database import WRITER, role_url
from domain.contexts import confidential_of
from domain.kit import permissions
from domain.kit.fields import Confidential, Personal
from domain.kit.privacy.inventory import field_facts
from projections.identity.people import People
from projections.kit.store.table_names import table_name
from tests.kit.client import Client
from tests.kit.product import Product, produced
from tests.work.api import created


@dataclass(frozen=True)
class NoteRow:
    """A toy."""

    id: UUID
    words: Annotated[str, Confidential()]


@dataclass(frozen=True)
class NamelessRow:
    """A toy that does not tell whose its name is."""

    id: UUID
    name: Annotated[str, Personal("person_id")]


@pytest.mark.parametrize("needs", ["notes:read", "wrok:read", "self", ""])
def test_a_confidential_field_that_no_permission_reads_cannot_be_declared(needs: str) -> None:
    with pytest.raises(LookupError, match="nobody could read"):
        shows(NoteRow, needs=needs)(type("Note", (), {"__doc__": "A toy."}))


def test_nor_one_whose_permission_no_role_has(monkeypatch: pytest.MonkeyPatch) -> None:
    known: Mapping[str, str] = {**permissions.PERMISSIONS, "notes:confidential": "Read words."}
    monkeypatch.setattr(permissions, "PERMISSIONS", known)
    with pytest.raises(LookupError, match="No role has notes:confidential"):
        shows(NoteRow, needs="notes:read")(type("Note", (), {"__doc__": "A toy."}))


def test_a_personal_field_says_whose_it_is_by_an_id_in_the_row() -> None:
    with pytest.raises(TypeError, match="'person_id', whose it is, is no id in the row"):
        shows(NamelessRow, needs="users:read")(type("Nameless", (), {"__doc__": "A toy."}))


def test_each_confidential_field_of_a_history_has_a_permission_or_is_read_by_nobody() -> None:
    topics = {
        event.aggregate.topic
        for event in product_events().values()
        for fact in field_facts(event)
        if fact.classifications == ("confidential",) and not fact.personal
    }
    assert {topic: confidential_of(topic) for topic in topics} == {
        "campaigns.suppression": "campaigns:confidential",
        "work.task": "work:confidential",
        "work.project": "work:confidential",
        "gateway.connector": "gateway:confidential",
        "marketing.import": "marketing:confidential",
        "gateway.event_export": "gateway:confidential",
        "gateway.import": "gateway:confidential",
        "gateway.webhook": "gateway:confidential",
        "tenancy.subscription": None,
    }


async def test_an_answer_says_for_want_of_which_permission_a_field_is_masked(product: Product) -> None:
    member = await product.newcomer(role="member")
    task = await created(member, "Plain", description="Words")
    guest = product.client(member.tenant, uuid4(), role="guest")
    answer = await guest.answer("Task", id=task["id"])
    assert answer["data"]["task"]["description"] == "***"
    assert answer["extensions"]["masked"] == [
        {"field": "Task.description", "reason": "PERMISSION", "permission": "work:confidential"}
    ]
    assert "masked" not in (await member.answer("Task", id=task["id"])).get("extensions", {})


async def test_a_text_that_is_not_the_rows_persons_is_not_opened(product: Product, client: Client) -> None:
    other = await product.newcomer("Eve", tenant=client.tenant)
    assert (await client.send("User", id=other.me))["email"] == f"eve.{other.me}@example.com"
    settings = product.settings
    connection = await asyncpg.connect(role_url(settings.database_url, WRITER, settings.secret))
    people = table_name(People, 1)
    changed = await connection.execute(
        f"update {people} set email = (select email from {people} where id = $2) where id = $1",
        other.user,
        client.user,
    )
    await connection.close()
    assert changed == "UPDATE 1"
    assert (await client.send("User", id=other.me))["email"] == "***"


@pytest.fixture(scope="module", params=["staging", "production"])
async def somewhere(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Product]:
    """The product as it is set up by default in an environment of this name."""
    async with produced(settings, masking="auto", environment=request.param) as product:
        yield product


async def test_personal_data_of_others_are_masked_by_itself_outside_production(somewhere: Product) -> None:
    ada = await somewhere.newcomer("Ada")
    eve = await somewhere.newcomer("Eve", tenant=ada.tenant)

    async def answer_of(of: Client) -> tuple[str, Any]:
        answer = await ada.answer("User", id=of.me)
        return answer["data"]["user"]["email"], answer.get("extensions", {}).get("masked")

    assert await answer_of(ada) == (f"ada.{ada.me}@example.com", None)
    if somewhere.settings.environment == "production":
        assert await answer_of(eve) == (f"eve.{eve.me}@example.com", None)
    else:
        assert await answer_of(eve) == ("e***@example.com", [{"field": "User.email", "reason": "SETTING"}])
    invited = await ada.send("InviteUser", input={"email": "Zoe@Example.com", "role": "GUEST"})
    masking = somewhere.settings.environment != "production"
    assert invited["invitation"]["email"] == ("z***@example.com" if masking else "zoe@example.com")
