"""Fixtures for every test: one server of each kind per run, and a fresh place on each per module."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from threading import current_thread

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from app.embedded import EmbeddedError
from app.embedded.opensearch import free_port
from app.embedded.osmem import Osmem
from app.embedded.postgres import Postgres
from app.embedded.valkey import Valkey
from app.entry.garbage_collector import collect_seldom, tune_collector
from app.settings import Settings
from tests.kit import servers
from tests.kit.order import longest_first
from tests.kit.search import SearchServer, want_search
from tests.kit.search import search_url as running_search

pytest_plugins = ("tests.kit.product",)

# How long an example takes says how busy the machine is.
hypothesis.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.register_profile("quick", hypothesis.get_profile("patient"), max_examples=10)
hypothesis.load_profile("patient")

_LONGEST = 900
"""Seconds for one test with its fixtures, on a machine that does other things too: what takes longer hangs."""

_SERVERS = {"postgres", "valkey", "opensearch", "osmem_url", "search_url", "kms_url"}
"""The fixtures that start servers. Whoever starts processes in another way marks the test `servers`."""

_QUICK = {"git"}
"""Programs that any test may start."""

_now: list[pytest.Item] = []
"""The test that runs."""

_PRODUCTS = {"product", "searching", "platform", "services"}
"""The fixtures that start the product, which finds the tables of its views there, as by all but the first."""

_search = pytest.StashKey[SearchServer]()
_with_product = pytest.StashKey[set[pytest.Item | pytest.Collector]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test that hangs fail, instead of everything after it."""

    def late(number: int, frame: object) -> None:
        pytest.fail(f"{item.nodeid} has not ended after {_LONGEST} s.")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_LONGEST)
    _now[:] = [item]
    try:
        return (yield)
    finally:
        _now.clear()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """Fail a test without the mark that starts a process: `make check` would wait for it."""
    if event != "subprocess.Popen" or not _now or _now[0].get_closest_marker("servers"):
        return
    if isinstance(current_thread(), SearchServer):
        return
    if (program := os.path.basename(str(arguments[0]))) not in _QUICK:
        pytest.fail(f"{_now[0].nodeid} starts {program}: mark it with pytest.mark.servers.")


sys.addaudithook(_watch)


def pytest_configure() -> None:
    """Load the tests without looking for cycles meanwhile."""
    collect_seldom()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `make check` can leave it out; begin with what takes long."""
    for item in items:
        if _SERVERS & _fixtures(item):
            item.add_marker("servers")
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def _folder(config: pytest.Config) -> Path:
    """The run's own folder, the same for each of its processes."""
    folder: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return folder.parent if hasattr(config, "workerinput") else folder


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let the run have an OpenSearch, started by who shares the tests out when there are several processes."""
    if not hasattr(session.config, "workerinput") and not session.config.option.collectonly:
        session.config.stash[_search] = search = SearchServer(_folder(session.config))
        search.start()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start OpenSearch before the first test when any collected test needs it."""
    if session.config.option.collectonly:
        return
    tune_collector()
    fixtures = {name for item in session.items for name in _fixtures(item)}
    with_product: set[pytest.Item | pytest.Collector] = {
        collector
        for item in session.items
        if _PRODUCTS & _fixtures(item)
        for collector in item.listchain()
        if isinstance(collector, pytest.Module)
    }
    session.config.stash[_with_product] = with_product
    if fixtures & {"opensearch", "search_url"}:
        want_search(_folder(session.config))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop OpenSearch, when no process needs it any more."""
    if (search := session.config.stash.get(_search, None)) is not None:
        search.end()


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    """The run's Postgres, with the migrated template; ``url`` is its owner's."""
    folder = tmp_path_factory.mktemp("postgres")
    async with servers.postgres_with_templates(folder, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Valkey]:
    """The run's Valkey."""
    folder = tmp_path_factory.mktemp("valkey")
    server = Valkey(folder / "data", sockets=folder / "run", log=folder / "valkey.log", durable=False)
    server.start()
    try:
        await server.ready()
        yield server
    finally:
        await server.stop()


@pytest.fixture(scope="session")
async def opensearch(pytestconfig: pytest.Config) -> str:
    """The address of the run's OpenSearch; without one, tests are skipped, and in CI they fail."""
    try:
        return await running_search(_folder(pytestconfig))
    except EmbeddedError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no OpenSearch: {error}")


@pytest.fixture(scope="session")
async def osmem_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the run's osmem, the stand-in for OpenSearch."""
    server = Osmem(port=free_port(), log=tmp_path_factory.mktemp("osmem") / "osmem.log")
    server.start()
    try:
        await server.ready()
        yield server.url
    finally:
        await server.stop()


@pytest.fixture(scope="session")
def opensearch_url(opensearch: str) -> str:
    """The address of the run's OpenSearch; use ``index_prefix`` in every index's name."""
    return opensearch


@pytest.fixture(scope="module", params=["opensearch", "osmem"])
def search_url(request: pytest.FixtureRequest) -> str:
    """The real OpenSearch, then the stand-in: a test that asks for it runs once on each."""
    return str(request.getfixturevalue("opensearch_url" if request.param == "opensearch" else "osmem_url"))


@pytest.fixture(scope="module")
async def database_url(postgres: Postgres, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The owner's URL of a migrated database that only this module uses."""
    with_views = request.node in request.config.stash[_with_product]
    async with servers.fresh_database(postgres, with_views=with_views) as url:
        yield url


@pytest.fixture(scope="module")
async def redis_url(valkey: Valkey) -> AsyncIterator[str]:
    """The URL of an empty Valkey database that only this module uses."""
    async with servers.fresh_keyspace(valkey.url) as url:
        yield url


@pytest.fixture(scope="module")
def index_prefix() -> str:
    """What the names of this module's search indexes begin with."""
    return servers.fresh_prefix()


@pytest.fixture(scope="module")
def settings(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that lead to this module's database, keyspace and data folder; search is left out."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=database_url,
        redis_url=redis_url,
        secret=servers.SECRET,
    )
