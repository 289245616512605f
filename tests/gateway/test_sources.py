"""Sources and their keys: the rules, the tables, and the way through the API."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.mail.mailed_tokens import hash_of
from domain.gateway.admission.source_keys import (
    IssueSourceKey,
    RevokeSourceKey,
    SourceKeyUnknown,
    TooManySourceKeys,
)
from domain.gateway.sources import (
    ActivateSource,
    DeactivateSource,
    RegisterSource,
    RenameSource,
    Source,
    SourceActive,
    SourceInactive,
    SourceKind,
)
from domain.kit.caller import Caller
from domain.kit.refusals import Invalid, TakesAPerson
from domain.kit.scenario import NOON, given, on
from projections.gateway.sources import SourceKeyRow, SourceKeys, SourceRow, Sources
from tests.gateway.sending import a_source, event
from tests.kit.client import Client
from tests.kit.folding import folded
from tests.kit.product import Product

SOURCE, FIRST, SECOND, THIRD = (UUID(int=number) for number in range(1, 5))
HASH = "0123456789abcdef" * 4
REGISTERED = Source.Registered(
    name="Shop", kind=SourceKind.APPLICATION, environment="production", region="local"
)
LATER = NOON + timedelta(days=1)


def issued(key: UUID, **more: Any) -> Source.KeyIssued:
    return Source.KeyIssued(
        **{"key_id": key, "name": "first", "scopes": (), "secret_hash": HASH, "expires_at": None, **more}
    )


def issue(key: UUID, **more: Any) -> IssueSourceKey:
    return IssueSourceKey(id=SOURCE, key_id=key, name="first", secret_hash=HASH, **more)


def test_a_source_is_registered_and_renamed() -> None:
    given().when(RegisterSource(id=SOURCE, name=" Shop ")).then(REGISTERED)
    given(REGISTERED).when(RenameSource(id=SOURCE, name="Till")).then(Source.Renamed(name="Till"))
    given(REGISTERED).when(RenameSource(id=SOURCE, name="Shop")).then()


@pytest.mark.parametrize("word", ["", "Production", "a b", "-x"])
def test_an_environment_is_a_word(word: str) -> None:
    given().when(RegisterSource(id=SOURCE, name="Shop", environment=word)).refused(
        Invalid, field="environment"
    )


def test_a_source_is_switched_off_and_on() -> None:
    given(REGISTERED).when(DeactivateSource(id=SOURCE)).then(Source.Deactivated())
    given(REGISTERED, Source.Deactivated()).when(DeactivateSource(id=SOURCE)).refused(SourceInactive)
    given(REGISTERED).when(ActivateSource(id=SOURCE)).refused(SourceActive)
    given(REGISTERED, Source.Deactivated()).when(ActivateSource(id=SOURCE)).then(Source.Activated())


def test_two_keys_live_at_once_and_no_third() -> None:
    both = REGISTERED, issued(FIRST), issued(SECOND)
    given(REGISTERED, issued(FIRST)).when(issue(SECOND)).then(issued(SECOND))
    given(*both).when(issue(THIRD)).refused(TooManySourceKeys, field="id")
    given(*both, Source.KeyRevoked(key_id=FIRST)).when(issue(THIRD)).then(issued(THIRD))


def test_a_key_that_has_expired_makes_room() -> None:
    past = issued(FIRST, expires_at=NOON - timedelta(days=1))
    given(REGISTERED, past, issued(SECOND)).when(issue(THIRD)).then(issued(THIRD))


def test_a_key_has_an_end_within_two_years() -> None:
    given(REGISTERED).when(issue(FIRST, expires_at=LATER)).then(issued(FIRST, expires_at=LATER))
    for wrong in (NOON - timedelta(days=1), NOON + timedelta(days=800)):
        given(REGISTERED).when(issue(FIRST, expires_at=wrong)).refused(Invalid, field="expires_at")


def test_a_scope_is_the_beginning_of_an_event_type() -> None:
    given(REGISTERED).when(issue(FIRST, scopes=("user", "order.created"))).then(
        issued(FIRST, scopes=("order.created", "user"))
    )
    for wrong in ("", "order.", "Order", "a b"):
        given(REGISTERED).when(issue(FIRST, scopes=(wrong,))).refused(Invalid, field="scopes")


def test_no_key_issues_keys() -> None:
    by = Caller(tenant_id=uuid4(), user_id=uuid4(), kind="key")
    given(REGISTERED).by(by).when(issue(FIRST)).refused(TakesAPerson)


def test_a_key_is_revoked_once() -> None:
    revoke, revoked = RevokeSourceKey(id=SOURCE, key_id=FIRST), Source.KeyRevoked(key_id=FIRST)
    given(REGISTERED, issued(FIRST)).when(revoke).then(revoked)
    given(REGISTERED, issued(FIRST), revoked).when(revoke).refused(SourceKeyUnknown, field="key_id")


def test_tables_hold_sources_and_keys() -> None:
    history = on(SOURCE, REGISTERED, issued(FIRST), Source.Deactivated(), Source.KeyRevoked(key_id=FIRST))
    source = SourceRow(
        id=SOURCE,
        name="Shop",
        kind=SourceKind.APPLICATION,
        active=False,
        environment="production",
        region="local",
        created_at=NOON,
        updated_at=NOON,
        version=4,
    )
    key = SourceKeyRow(
        id=FIRST,
        source_id=SOURCE,
        name="first",
        scopes=(),
        secret_hash=HASH,
        created_at=NOON,
        expires_at=None,
        revoked_at=NOON,
    )
    assert folded(Sources(), history) == {(SOURCE,): source}
    assert folded(SourceKeys(), history) == {(FIRST,): key}


async def done(client: Client, operation: str, **input: object) -> Any:
    """The receipt of a mutation that is not refused."""
    answer = await client.send(operation, input=input)
    assert "position" in answer, answer
    return answer


async def test_a_source_is_registered_and_given_a_key_whose_hash_alone_is_stored(
    client: Client, product: Product
) -> None:
    registered = await done(client, "RegisterSource", name="Shop", kind="STREAM")
    id = registered["source"]["id"]
    receipt = await done(client, "IssueSourceKey", id=id, name="first", scopes=["order"])
    assert [key["scopes"] for key in receipt["source"]["keys"]["nodes"]] == [["order"]]
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        row = await connection.fetchrow(
            "select (select secret_hash from gateway_g1.source_keys where source_id = $1) as hash,"
            " (select count(*) from es.events where strpos(payload::text, $2) > 0) as times",
            UUID(id),
            receipt["key"].rpartition("_")[2],
        )
    finally:
        await connection.close()
    assert row is not None
    assert (row["hash"], row["times"]) == (hash_of(receipt["key"]), 0)
    assert (await client.send("Source", id=id))["keys"]["nodes"] == receipt["source"]["keys"]["nodes"]
    again = await client.send("RegisterSource", input={"name": "SHOP"})
    assert (again["code"], again["field"]) == ("already_taken", "name")


async def test_a_key_of_a_source_may_read_nothing(client: Client, product: Product) -> None:
    # What a form leaves open is null in a client's variables.
    source = (await done(client, "RegisterSource", name="Shop", kind=None, region=None))["source"]["id"]
    receipt = await done(client, "IssueSourceKey", id=source, name="first")
    headers = {"authorization": f"Bearer {receipt['key']}"}
    for document in (
        "{ sources { nodes { id } } }",
        "{ tasks(first: 1) { totalCount } }",
        "{ mySessions { nodes { id } } }",
    ):
        answer = await product.http.post("/graphql", json={"query": document}, headers=headers)
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN", answer.text
    await done(client, "RevokeSourceKey", id=source, keyId=receipt["keyId"])
    answer = await product.http.post(
        "/graphql", json={"query": "{ sources { totalCount } }"}, headers=headers
    )
    assert answer.status_code == 401


async def test_a_key_says_when_it_was_last_used(client: Client, product: Product) -> None:
    shop = await a_source(product, client)
    await done(client, "IssueSourceKey", id=shop.id, name="second")
    before = (await client.send("Source", id=shop.id))["keys"]["nodes"]
    assert [(key["name"], key["lastUsedAt"]) for key in before] == [("second", None), ("first", None)]
    (sent,) = await shop.answers(event())
    after = (await client.send("Source", id=shop.id, afterPosition=sent["position"]))["keys"]["nodes"]
    assert after[0]["lastUsedAt"] is None
    assert after[1]["createdAt"] <= after[1]["lastUsedAt"]


async def test_changes_of_sources_are_told(client: Client) -> None:
    async with client.watching("SourceChanged", initial=True) as messages:
        first = await anext(messages)
        assert first.get("nodes") == [], first
        source = (await done(client, "RegisterSource", name="Shop"))["source"]
        assert (await anext(messages))["node"] == source
