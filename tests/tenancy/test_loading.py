"""Whoever reads beside somebody else is given their own: loaders, looks at the past, exports and erasures."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.kit.schema.context import RequestContext
from api.kit.schema.lists.nested import NestedPages, NestedRows
from app.contexts import VIEWS
from app.entry.assembly import Assembly, assembled
from app.privacy.export.files import ExportFiles
from app.privacy.export.sections import PARTS
from app.privacy.platform_commands import PlatformCommands
from domain.kit.caller import ACCOUNTS
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.keyset import Order
from tests.tenancy.scene import WHO, Scene
from tests.tenancy.state import digests

TABLES = [view for view in VIEWS if issubclass(view, PostgresView)]


@pytest.fixture(scope="module")
async def assembly(scene: Scene) -> AsyncIterator[Assembly]:
    """The parts of a process beside the product's own."""
    async with assembled(scene.product.settings) as assembly:
        yield assembly


def asks(scene: Scene, assembly: Assembly) -> tuple[RequestContext, RequestContext]:
    """A request of each tenant's owner, on the same services."""
    callers = (scene.first.owner.caller, scene.second.owner.caller)
    first, second = (RequestContext(identity=caller, services=assembly.services) for caller in callers)
    return first, second


async def _keys(scene: Scene, view: type[PostgresView[Any]], assembly: Assembly) -> list[tuple[Any, ...]]:
    """The keys of the first tenant's rows."""
    columns = ", ".join(view.key)
    rows = await assembly.database.writer.fetch(
        f"select {columns} from {view.name} where tenant_id = $1 limit 20", scene.first.id
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("view", TABLES, ids=lambda view: view.name)
async def test_loaders_of_two_requests_do_not_mix(
    scene: Scene, assembly: Assembly, view: type[PostgresView[Any]]
) -> None:
    keys = await _keys(scene, view, assembly)
    # Rows whose keys are no ids, such as days, may be there in both tenants, but show nothing of the other.
    first, second = asks(scene, assembly)
    own, others, again = await asyncio.gather(
        *(asyncio.gather(*(ask.row(view, *key) for key in keys)) for ask in (first, second, first))
    )
    assert all(row is not None for row in (*own, *again))
    assert not scene.unnamed.found(str(others), but=[str(key) for key in keys])
    kinds = {type(part) for key in keys for part in key}
    if UUID in kinds:
        assert others == [None] * len(keys)


@pytest.mark.parametrize("view", TABLES, ids=lambda view: view.name)
async def test_lists_of_two_requests_do_not_mix(
    scene: Scene, assembly: Assembly, view: type[PostgresView[Any]]
) -> None:
    first, second = asks(scene, assembly)
    column = view.key[0]
    values = [key[0] for key in await _keys(scene, view, assembly)]
    order = Order(column)
    own, others = await asyncio.gather(
        *(
            asyncio.gather(
                *(
                    ask.batched(NestedPages(NestedRows(ask, view, column), order, limit=5), value)
                    for value in values
                )
            )
            for ask in (first, second)
        )
    )
    assert all(page.rows for page in own)
    assert not scene.unnamed.found(str(others), but=[str(value) for value in values])


async def test_what_is_loaded_at_once_is_of_one_tenant(scene: Scene, assembly: Assembly) -> None:
    loads: list[tuple[UUID, list[str]]] = []

    async def load(tenant: UUID, at_least: int, keys: list[str]) -> list[str]:
        loads.append((tenant, keys))
        return [f"{tenant} {key}" for key in keys]

    both = asks(scene, assembly)
    found = await asyncio.gather(*(ask.batched(load, key) for key in ("a", "b") for ask in both))
    assert found == [f"{ask.caller.tenant_id} {key}" for key in ("a", "b") for ask in both]
    assert loads == [(ask.caller.tenant_id, ["a", "b"]) for ask in both]


async def test_an_export_holds_nothing_of_another_tenant(scene: Scene, assembly: Assembly) -> None:
    """Though it is about somebody of the other tenant, whose id is known here."""
    services = assembly.services
    files = services.ports[ExportFiles]
    assert isinstance(files, ExportFiles)
    parts: list[str] = []

    async def wrote(part: str, records: int, done: int, of: int) -> None:
        parts.append(part)

    texts = []
    person = scene.first.owner.caller.user_id
    for tenant in (scene.first.id, scene.second.id):
        id = uuid4()
        await files.write(tenant, id, person, by_themself=False, wrote=wrote)
        pieces = await files.read(tenant, id)
        assert pieces is not None
        texts.append(b"".join(pieces).decode())
        # The file means nothing to anybody else.
        assert await files.read(scene.second.id if tenant == scene.first.id else scene.first.id, id) is None
    assert parts == [part.path for part in PARTS if not part.own] * 2
    own, others = texts
    assert scene.marks.found(own)
    assert not scene.unnamed.found(others)
    session = await _session(assembly, person)
    assert str(session) in own
    assert str(session) not in others


async def test_an_erasure_ends_nothing_of_another_tenant(scene: Scene, assembly: Assembly) -> None:
    services = assembly.services
    before = await digests(scene)
    access = PlatformCommands(services.bus, services.codec, services.rows)
    whole = await access.end(scene.second.id, scene.first.owner.caller.user_id, key=uuid4())
    assert whole is False
    # The key that is destroyed is that of the person in the tenant which forgets them.
    await services.opening.destroy(scene.operators, scene.first.owner.caller.user_id)  # type: ignore[attr-defined]
    assert await digests(scene) == before


async def test_no_route_gives_what_is_anothers(scene: Scene) -> None:
    """Every path with a parameter, with every id of the first tenant."""
    paths = [path for path in scene.paths if "{" in path]
    assert "/exports/{id}" in paths
    for name in WHO:
        actor = scene.actor(name)
        for path in paths:
            for id in scene.ids.values():
                response = await actor.http.get(_with(path, id), headers=actor.headers)
                assert response.status_code in (401, 403, 404, 405), (path, name)
                assert not scene.marks.found(response.text, but=id), (path, name)


def _with(path: str, id: str) -> str:
    return "/".join(id if part.startswith("{") else part for part in path.split("/"))


async def _session(assembly: Assembly, person: UUID) -> UUID:
    found: UUID = await assembly.database.writer.fetchval(
        "select session_id from auth.user_sessions where tenant_id = $1 and user_id = $2 limit 1",
        ACCOUNTS,
        person,
    )
    return found
