"""``headwater replay --dry-run`` finds each wrong row of each store, and none where all is well."""

import asyncio
import json
import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.cli.place import asker
from projections.kit.read.plain_rows import MASKED
from projections.kit.read.status import views_status
from projections.work.projects import ProjectCards
from projections.work.tasks import Tasks, TaskSearch
from tests.kit.processes import until
from tests.kit.product import Product
from tests.replay.commands import ran
from tests.replay.scene import Scene, staged
from tests.work.api import created

DAMAGED = [Tasks.name, ProjectCards.name, TaskSearch.name]
"""A view of each store."""


@pytest.fixture
async def scene(searching: Product) -> Scene:
    """A tenant of the test's own, which every view has folded."""
    scene = await staged(searching)
    await folded(searching, int(scene.last))
    return scene


async def folded(product: Product, position: int) -> None:
    """Wait until every view is there."""
    async with asyncpg.create_pool(product.settings.database_url, min_size=1, max_size=1) as pool:

        async def there() -> bool:
            return all(view.position >= position for view in await views_status(pool))

        await until(there)


async def test_says_nothing_where_all_is_well(scene: Scene) -> None:
    ended = await ran(scene.settings, "replay", "--dry-run", "--tenant", scene.client.tenant, "--json")
    found = {view["view"]: view for view in ended.json["views"]}
    assert (ended.code, [view["differences"] for view in found.values()]) == (0, [[]] * len(found))
    assert {name: (found[name]["events"], found[name]["rows"]) for name in DAMAGED} == {
        Tasks.name: (3, 2),
        ProjectCards.name: (2, 2),
        TaskSearch.name: (3, 2),
    }


@pytest.mark.parametrize("view", DAMAGED)
async def test_finds_a_changed_a_lost_and_an_extra_row(scene: Scene, view: str) -> None:
    extra = await scene.damage(view)
    tenant = ("--tenant", scene.client.tenant, "--view", view)
    ended = await ran(scene.settings, "replay", "--dry-run", *tenant, "--json")
    (found,) = ended.json["views"]
    assert ended.code == 1
    assert {(difference["kind"], *difference["key"]) for difference in found["differences"]} == {
        ("changed", scene.damaged(view)),
        ("missing", scene.lost(view)),
        ("extra", extra),
    }
    (changed,) = (difference for difference in found["differences"] if difference["kind"] == "changed")
    named: dict[str, Any] = changed["fields"]
    text = "name" if view == ProjectCards.name else "title"
    assert named[text] == {"stored": "Wrong", "folded": "Garden" if text == "name" else "Water it"}
    # What only one stream touches is found by that stream alone.
    ended = await ran(
        scene.settings, "replay", "--dry-run", "--stream", scene.lost(view), "--view", view, "--json"
    )
    ((lost,),) = (view["differences"] for view in ended.json["views"])
    assert (lost["kind"], lost["key"]) == ("missing", [scene.lost(view)])


async def test_shows_a_diff_without_confidential_values(scene: Scene) -> None:
    await scene.damage(Tasks.name)
    arguments = ("replay", "--dry-run", "--stream", scene.damaged(Tasks.name), "--view", Tasks.name)
    ended = await ran(scene.settings, *arguments)
    assert ended.said.splitlines()[1:] == [
        f"  changed {scene.damaged(Tasks.name)} of tenant {scene.client.tenant}",
        '    title: "Wrong" -> "Water it"',
        f'    description: "{MASKED}" -> ""',
    ]
    assert '    description: "Secret" -> ""' in (await ran(scene.settings, *arguments, "--unmasked")).said
    connection = await asyncpg.connect(scene.settings.database_url)
    records = await connection.fetch(
        "select operation, fields, revealed, asked_by from audit.data_access "
        "where tenant_id = $1 and starts_with(operation, 'headwater') order by id",
        scene.client.tenant,
    )
    await connection.close()
    assert [tuple(record) for record in records] == [
        ("headwater replay", ["tasks.tasks.title", "tasks.tasks.description"], [], asker()),
        (
            "headwater replay --unmasked",
            ["tasks.tasks.title", "tasks.tasks.description"],
            ["description"],
            asker(),
        ),
    ]


@pytest.mark.parametrize("words", [(), ("--json",)])
async def test_says_now_and_then_how_far_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("app.cli.progress.EVERY", 0.001)
    ended = await ran(scene.settings, "replay", "--dry-run", "--tenant", scene.client.tenant, *words)
    lines = ended.complained.splitlines()
    assert re.fullmatch(r"headwater: 0 of \d+ views done, after 0 s\.", lines[0])
    assert len(set(lines)) > 1
    assert "views done" not in ended.said


async def test_events_are_chosen_by_type_position_and_time(scene: Scene) -> None:
    async def chosen(*words: object) -> tuple[int, int]:
        arguments = (
            "replay",
            "--dry-run",
            "--tenant",
            scene.client.tenant,
            "--view",
            Tasks.name,
            "--json",
            *words,
        )
        (found,) = (await ran(scene.settings, *arguments)).json["views"]
        return found["events"], found["rows"]

    history = await scene.client.send("History", stream=scene.tasks[0])
    created, renamed = history["nodes"]
    assert await chosen("--type", "work.task.created") == (2, 2)
    assert await chosen("--type", "work.task.renamed", "--type", "work.task.moved") == (1, 1)
    assert await chosen("--from", renamed["position"]) == (1, 1)
    assert await chosen("--to", created["position"]) == (1, 1)
    assert await chosen("--since", renamed["timestamp"]) == (1, 1)
    assert await chosen("--until", created["timestamp"]) == (0, 0)


@pytest.mark.parametrize("view", [ProjectCards.name, TaskSearch.name])
async def test_puts_right_what_differs_and_the_lane_goes_on(
    scene: Scene, searching: Product, view: str
) -> None:
    await scene.damage(view)
    whole = ("--tenant", scene.client.tenant, "--view", view, "--json")
    ended = await ran(scene.settings, "replay", *whole)
    assert (ended.code, len(ended.json["views"][0]["differences"])) == (0, 3), ended
    assert (await ran(scene.settings, "replay", "--dry-run", *whole)).code == 0
    for mutation, id in (("RenameProject", scene.projects[0]), ("RenameTask", scene.tasks[0])):
        name = "name" if mutation == "RenameProject" else "title"
        receipt = await scene.client.send(mutation, input={"id": id, name: "Afterwards"})
        await folded(searching, int(receipt["position"]))
    ended = await ran(
        scene.settings, "show", view, "--tenant", scene.client.tenant, "--key", scene.damaged(view)
    )
    assert '"Afterwards"' in ended.said
    assert (await ran(scene.settings, "replay", "--dry-run", *whole)).code == 0


async def test_who_has_rows_written_is_on_record(scene: Scene) -> None:
    view = ProjectCards.name
    chosen = (
        "--tenant",
        scene.client.tenant,
        "--view",
        view,
        "--type",
        "work.project.created",
        "--from",
        "2",
    )
    async with asyncpg.create_pool(scene.settings.database_url, min_size=1, max_size=1) as pool:

        async def noted() -> list[dict[str, Any]]:
            name = "operations.intervention.replay_requested"
            rows = await pool.fetch("select payload from es.events where type = $1 order by position", name)
            return [json.loads(row["payload"]) for row in rows]

        before = len(await noted())
        await ran(scene.settings, "replay", "--dry-run", *chosen)
        assert len(await noted()) == before
        await ran(scene.settings, "replay", *chosen)
        [said] = (await noted())[before:]
    assert said["asked_by"] == asker()
    assert (said["views"], said["types"]) == ([view], ["work.project.created"])
    assert (said["tenant_id"], said["first"]) == (str(scene.client.tenant), 2)


async def test_leaves_alone_what_appenders_fold(scene: Scene) -> None:
    await scene.damage(Tasks.name)
    ended = await ran(scene.settings, "replay", "--tenant", scene.client.tenant, "--view", Tasks.name)
    assert (ended.code, "`headwater reconcile --repair` puts it right" in ended.complained) == (1, True)
    assert (await ran(scene.settings, "replay", "--dry-run", "--tenant", scene.client.tenant)).code == 1


async def test_lanes_that_move_meanwhile_make_no_difference(scene: Scene, searching: Product) -> None:
    task = await created(scene.client, "busy")

    async def work() -> None:
        number = 0
        while True:
            number += 1
            await scene.client.send("RenameTask", input={"id": task["id"], "title": f"{number}"})

    working = asyncio.create_task(work())
    try:
        for _ in range(3):
            ended = await ran(scene.settings, "replay", "--dry-run", "--tenant", scene.client.tenant)
            assert ended.code == 0, ended
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--dry-run", "--view", "no.view"), "There is no view no.view; there are "),
        (
            ("--dry-run", "--type", "no.event"),
            "There is no event type no.event; `headwater catalogue` lists them.",
        ),
        (("--dry-run", "--since", "2030-01-01T00:00:00"), "must have an offset from UTC"),
        (("--dry-run", "--until", "2030-13-01"), "2030-13-01 is neither a position nor a time such as"),
        (("--dry-run", "--since", "7"), "7 is no time"),
    ],
)
async def test_says_what_cannot_be_asked(scene: Scene, words: tuple[str, ...], sentence: str) -> None:
    ended = await ran(scene.settings, "replay", *words)
    assert ended.code == 1
    assert sentence in ended.complained


async def test_tells_a_server_that_is_away_from_a_difference(scene: Scene) -> None:
    nowhere = "postgresql://nobody@/nothing?host=/nowhere"
    for settings in (
        replace(scene.settings, database_url=nowhere),
        replace(scene.settings, redis_url="unix:///nowhere"),
    ):
        ended = await ran(settings, "replay", "--dry-run")
        assert (ended.code, "could not be reached" in ended.complained) == (2, True)


async def test_what_is_not_there_is_an_error(scene: Scene) -> None:
    stream = uuid4()
    for words, said in (
        (("--stream", str(stream)), f"There is no stream {stream}."),
        (("--from", "100000000"), "There is no position 100,000,000 yet: the log ends at "),
    ):
        ended = await ran(scene.settings, "replay", "--dry-run", *words)
        assert (ended.code, ended.complained.startswith(f"headwater: {said}")) == (1, True), ended
