"""``headwater views show``: rows of views in each store, now and as of a moment."""

import json

import asyncpg
import pytest

from app.cli.place import asker
from app.contexts import VIEWS
from projections.kit.read.plain_rows import MASKED
from projections.work.projects import ProjectCards, ProjectMembers
from projections.work.tasks import Tasks, TaskSearch
from tests.kit.product import Product
from tests.replay.commands import ran
from tests.replay.scene import Scene, staged
from tests.replay.test_replay import folded


@pytest.fixture(scope="module")
async def scene(searching: Product) -> Scene:
    scene = await staged(searching)
    await folded(searching, int(scene.last))
    return scene


WITHOUT_ROWS = {
    "auth.accounts",
    "auth.api_keys",
    "auth.invitations",
    "auth.password_resets",
    "auth.roles",
    "auth.sessions",
    "auth.user_roles",
    "auth.user_sessions",
    "campaigns.campaign_metrics",
    "campaigns.campaign_variants",
    "campaigns.recipients",
    "campaigns.campaigns",
    "campaigns.senders",
    "campaigns.template_versions",
    "campaigns.templates",
    "campaigns.contact_fields",
    "campaigns.contact_lists",
    "campaigns.contacts",
    "campaigns.contact_memberships",
    "campaigns.suppressions",
    "commerce.order_items",
    "commerce.orders",
    "commerce.payments",
    "commerce.products",
    "commerce.refunds",
    "gateway.analytics",
    "gateway.anomalies",
    "gateway.anomaly_watches",
    "gateway.connectors",
    "gateway.dead_letters",
    "gateway.event_exports",
    "gateway.event_metadata",
    "gateway.event_patterns",
    "gateway.event_schema_versions",
    "gateway.event_schemas",
    "gateway.events",
    "gateway.hourly_events",
    "gateway.hourly_measures",
    "gateway.imports",
    "gateway.metadata",
    "gateway.pattern_matches",
    "gateway.recent_hours",
    "gateway.replay_jobs",
    "gateway.source_key_uses",
    "gateway.source_keys",
    "gateway.source_quality",
    "gateway.sources",
    "gateway.user_events",
    "gateway.violation_counts",
    "gateway.webhooks",
    "governance.consents",
    "governance.erasures",
    "governance.exports",
    "marketing.accounts",
    "marketing.campaign_facts",
    "marketing.campaigns",
    "marketing.daily_rollup",
    "marketing.import_errors",
    "marketing.imports",
    "notifications.notifications",
    "tenancy.feature_flags",
    "tenancy.flag_tags",
    "tenancy.invoices",
    "tenancy.subscriptions",
    "tenancy.tenants",
}
"""Views of what does not happen here; tests/rebuild compares them with rows in them."""


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
async def test_every_view_is_now_what_it_is_as_of_now(scene: Scene, view: str) -> None:
    arguments = ("show", view, "--tenant", scene.client.tenant, "--json", "--unmasked")
    now, then = (
        await ran(scene.settings, *arguments),
        await ran(scene.settings, *arguments, "--as-of", scene.last),
    )
    assert (now.code, then.code) == (0, 0), (now, then)
    assert bool(now.json["rows"]) is (view not in WITHOUT_ROWS)

    def ordered(rows: list[object]) -> list[str]:
        return sorted(json.dumps(row, sort_keys=True) for row in rows)

    assert ordered(now.json["rows"]) == ordered(then.json["rows"])
    assert (then.json["view"], then.json["position"], then.json["more"]) == (view, int(scene.last), False)


@pytest.mark.parametrize(
    ("view", "before", "after"), [(Tasks.name, "Water", "Water it"), (TaskSearch.name, "Water", "Water it")]
)
async def test_a_row_by_key_as_of_a_position_and_a_time(
    scene: Scene, view: str, before: str, after: str
) -> None:
    created, renamed = (await scene.client.send("History", stream=scene.tasks[0]))["nodes"]
    arguments = ("show", view, "--tenant", scene.client.tenant, "--key", scene.tasks[0], "--json")

    async def title(*words: object) -> str:
        (row,) = (await ran(scene.settings, *arguments, *words)).json["rows"]
        return str(row["title"])

    assert await title() == await title("--as-of", renamed["position"]) == after
    assert await title("--as-of", created["position"]) == before
    assert await title("--as-of", created["timestamp"]) == before


async def test_a_key_of_two_parts_is_typed_with_a_comma(scene: Scene) -> None:
    key = f"{scene.projects[0]},{scene.client.me}"
    ended = await ran(
        scene.settings, "show", ProjectMembers.name, "--tenant", scene.client.tenant, "--key", key
    )
    assert json.loads(ended.said)["user_id"] == scene.client.me
    assert ended.complained.startswith(f"1 row of {ProjectMembers.name} at position ")


async def test_confidential_fields_are_masked(scene: Scene) -> None:
    arguments = ("show", "users.people", "--tenant", scene.client.tenant, "--json")
    (masked,) = (await ran(scene.settings, *arguments)).json["rows"]
    (whole,) = (await ran(scene.settings, *arguments, "--unmasked")).json["rows"]
    assert (masked["email"], masked["first_name"]) == (MASKED, "Ada")
    assert whole["email"] == f"Ada.{scene.client.me}@example.com".lower()


_RECORD = """
select operation, root_fields, subjects, revealed, user_id, kind, asked_by from audit.data_access
 where tenant_id = $1 and starts_with(operation, 'headwater') and $2 = any(root_fields) order by id desc limit 1
"""


async def recorded(scene: Scene, view: str) -> asyncpg.Record | None:
    """The last access to a view by the command line."""
    connection = await asyncpg.connect(scene.settings.database_url)
    try:
        return await connection.fetchrow(_RECORD, scene.client.tenant, view)
    finally:
        await connection.close()


async def test_what_was_shown_is_on_record_with_whose_it_is(scene: Scene) -> None:
    arguments = ("show", "users.people", "--tenant", scene.client.tenant, "--json")
    for words, revealed in (((), []), (("--unmasked",), ["email"])):
        assert (await ran(scene.settings, *arguments, *words)).json["rows"]
        record = await recorded(scene, "users.people")
        assert record is not None
        assert record["operation"] == " ".join(("headwater views show", *words))
        assert (record["subjects"], record["revealed"]) == ([scene.client.user], revealed)
        assert (record["user_id"], record["kind"], record["asked_by"]) == (None, "operator", asker())
    assert (await ran(scene.settings, "show", Tasks.name, "--tenant", scene.client.tenant, "--unmasked")).said
    record = await recorded(scene, Tasks.name)
    assert record is not None
    assert record["revealed"] == []  # They have none.


async def test_what_is_sealed_in_any_store_is_shown_in_plain_and_that_is_on_record(scene: Scene) -> None:
    profile = (
        "show",
        "users.profile_cards",
        "--tenant",
        scene.client.tenant,
        "--key",
        scene.client.me,
        "--json",
    )
    (sealed,) = (await ran(scene.settings, *profile)).json["rows"]
    (whole,) = (await ran(scene.settings, *profile, "--unmasked")).json["rows"]
    assert sealed["first_name"].startswith("hw1.")
    assert whole["first_name"] == "Ada"
    record = await recorded(scene, "users.profile_cards")
    assert record is not None
    hidden = [name for name, value in sealed.items() if value == MASKED]
    assert record["revealed"] == sorted(hidden)
    assert all(whole[name] not in ("", MASKED) for name in hidden)
    assert not any(str(value).startswith("hw1.") for value in whole.values())


async def test_a_text_that_was_tampered_with_is_shown_to_nobody(scene: Scene) -> None:
    owner = await asyncpg.connect(scene.settings.database_url)
    asked = ("show", "users.people", "--tenant", scene.client.tenant)
    email = await owner.fetchval("select email from users.people where tenant_id = $1", scene.client.tenant)
    wrong = email[:-4] + ("AAAA" if email[-4:] != "AAAA" else "BBBB")
    change = "update users_g1.people set email = $2 where tenant_id = $1"
    try:
        await owner.execute(change, scene.client.tenant, wrong)
        ended = await ran(scene.settings, *asked, "--unmasked")
        assert (ended.code, ended.said) == (1, "")
        assert "A sealed text among these was changed" in ended.complained
        assert (await ran(scene.settings, *asked)).code == 0
    finally:
        await owner.execute(change, scene.client.tenant, email)
        await owner.close()


async def test_nothing_is_shown_that_cannot_be_recorded(scene: Scene) -> None:
    owner = await asyncpg.connect(scene.settings.database_url)
    arguments = ("show", "users.people", "--tenant", scene.client.tenant, "--unmasked")
    try:
        await owner.execute("revoke insert on audit.data_access from headwater_writer")
        ended = await ran(scene.settings, *arguments)
        assert (ended.code, ended.said) == (2, "")
    finally:
        await owner.execute("grant insert on audit.data_access to headwater_writer")
        await owner.close()
    assert (await ran(scene.settings, *arguments)).said


async def test_no_more_rows_than_wanted(scene: Scene) -> None:
    for moment in ((), ("--as-of", scene.last)):
        arguments = (
            "show",
            ProjectCards.name,
            "--tenant",
            scene.client.tenant,
            "--limit",
            1,
            "--json",
            *moment,
        )
        answer = (await ran(scene.settings, *arguments)).json
        assert (len(answer["rows"]), answer["more"]) == (1, True)


async def test_that_there_are_more_rows_is_said_apart_from_them(scene: Scene) -> None:
    arguments = ("show", ProjectCards.name, "--tenant", scene.client.tenant)
    limited, whole = (
        await ran(scene.settings, *arguments, "--limit", 1),
        await ran(scene.settings, *arguments),
    )
    assert [len(run.said.splitlines()) for run in (limited, whole)] == [1, 2]
    assert "; there are more: give --limit more than that" in limited.complained
    assert "more" not in whole.complained


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("no.view",), "There is no view no.view; there are "),
        ((Tasks.name, "--as-of", "1"), "Say whose rows with --tenant."),
        ((Tasks.name, "--key", "00000000-0000-0000-0000-000000000001"), "Say whose rows with --tenant."),
        ((Tasks.name, "--key", "x"), "'x' is no key of tasks.tasks"),
        ((Tasks.name, "--key", "1,2"), "A key of tasks.tasks is id, not '1,2'."),
        ((Tasks.name, "--as-of", "999999999", "--tenant", "TENANT"), "does not exist yet"),
        ((Tasks.name, "--as-of", "yesterday"), "yesterday is neither a position nor a time such as"),
    ],
)
async def test_says_what_cannot_be_asked(scene: Scene, words: tuple[str, ...], sentence: str) -> None:
    ended = await ran(
        scene.settings, "show", *(str(scene.client.tenant) if word == "TENANT" else word for word in words)
    )
    assert ended.code == 1
    assert sentence in ended.complained


async def test_what_is_said_of_the_rest_names_no_option_that_was_given(scene: Scene) -> None:
    for words, said in (
        ((), "or name a --tenant or a --key."),
        (("--tenant", scene.client.tenant), "or name a --key."),
    ):
        ended = await ran(scene.settings, "show", Tasks.name, "--limit", "1", *words)
        assert ended.complained.strip().endswith(said)
