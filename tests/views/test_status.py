"""What is told about the views: to waiting readers, to health checks, to Prometheus and to traces."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette

from app.telemetry.ailments import ailment
from app.telemetry.cli import Look, tell_status
from app.telemetry.health import Checks, health_routes, readiness
from app.telemetry.metrics import metrics_route
from app.telemetry.system_status import SystemStatus, standing
from app.telemetry.tracing import TracedBus, TracedFolds, TracedRequests
from domain.identity.registration import RegisterUser
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.log import AppendReceipt
from projections.kit.read.live_generations import Only
from projections.kit.read.status import Positions, ViewState, ViewStatus, following, views_status
from tests.views.place import Place
from tests.views.toys import Jar, Jars, Shelves

WELL = ViewStatus(
    name="toys.jars",
    store="postgres",
    version=1,
    generation=1,
    live=True,
    inline=False,
    position=5,
    head=5,
    lag_events=0,
    lag_seconds=0,
    rate=0,
    folded=5,
    complete=True,
    parked=0,
    state=ViewState.FOLLOWING,
    error=None,
    error_position=None,
    error_event=None,
    error_stream=None,
    attempts=0,
    pages=1,
    page_seconds=0.1,
    errors=0,
    holder="one",
    last_read_age=0.1,
)


async def answers() -> None:
    """A dependency that is well."""


async def refuses() -> None:
    """A dependency that is down."""
    raise ConnectionRefusedError


def views(*views: ViewStatus) -> Callable[[], Awaitable[list[ViewStatus]]]:
    async def statuses() -> list[ViewStatus]:
        return list(views)

    return statuses


async def test_a_reader_waits_until_the_view_has_his_write(place: Place) -> None:
    async with following(place.database.writer, Only(1)) as positions:
        async with place.working(await place.followed(Jars())):
            waits = [asyncio.create_task(positions.wait_for("toys.jars", 1, 120)) for _ in range(50)]
            await asyncio.sleep(0)
            await place.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
            assert await asyncio.gather(*waits) == [True] * 50
            assert len(await place.rows(Jars)) == 1


async def test_a_wait_ends_when_its_time_is_over(place: Place) -> None:
    await place.store(Jars)
    positions = Positions(place.database.writer, Only(1))
    assert not await positions.wait_for("toys.jars", 1, 0.05)
    assert not await positions.wait_for("toys.jars", 1, 0)
    await positions.close()


async def test_a_view_that_nobody_folds_lags_and_is_not_well(place: Place) -> None:
    await place.store(Jars)
    await place.tell((uuid4(), Jar.Dusted()), (uuid4(), Jar.Dusted()))
    status = await place.status(Jars)
    assert (status.lag_events, status.state, status.complete) == (2, ViewState.STOPPED, True)
    assert status.lag_seconds > 0
    assert ailment(status) == "toys.jars has not been read ever"


async def test_a_count_that_does_not_match_the_position_is_not_complete(place: Place) -> None:
    async with place.working(await place.followed(Jars())):
        await place.reached(await place.tell((uuid4(), Jar.Dusted()), (uuid4(), Jar.Dusted())), Jars())
    await place.database.writer.execute("update ops.lanes set folded = 1")
    status = await place.status(Jars)
    assert not status.complete
    assert ailment(status) == "toys.jars has folded 1 of 2 events"


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (WELL, None),
        (replace(WELL, inline=True, last_read_age=None, holder=None), None),
        (replace(WELL, last_read_age=11.0), "toys.jars has not been read for 11 s"),
        (
            replace(WELL, state=ViewState.FAILING, error="KeyError while folding x", error_position=6),
            "toys.jars fails at position 6",
        ),
        (
            replace(WELL, state=ViewState.REFILLING, head=9),
            "toys.jars is being refilled and stands at 5 of 9",
        ),
    ],
)
async def test_readiness_names_what_is_wrong(status: ViewStatus, problem: str | None) -> None:
    code, report = await readiness(Checks(views(status), {"redis": answers}))
    assert code == 200
    assert report["status"] == ("degraded" if problem else "ready")
    assert report["problems"] == ([problem] if problem else [])


async def test_without_search_it_is_degraded_and_without_postgres_unavailable() -> None:
    code, report = await readiness(Checks(views(WELL), {"redis": answers, "search": refuses}))
    assert (code, report["status"], report["problems"]) == (200, "degraded", ["search does not answer"])

    async def down() -> list[ViewStatus]:
        raise ConnectionRefusedError

    app = Starlette(routes=health_routes(Checks(down, {"redis": answers}), lambda request: True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
        assert (await client.get("/health/live")).json() == {"status": "live"}


async def test_nobody_is_told_whether_all_is_well_and_no_more_by_one_look_for_all() -> None:
    looks = 0

    async def counted() -> list[ViewStatus]:
        nonlocal looks
        looks += 1
        return [replace(WELL, parked=1)]

    app = Starlette(routes=health_routes(Checks(counted, {}), lambda request: "token" in request.headers))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(50)))
        assert {answer.text for answer in answers} == {'{"status":"degraded"}'}
        assert looks == 1
        known = await client.get("/health/ready", headers={"token": "x"})
    assert known.json()["problems"] == ["toys.jars has 1 stream parked"]


async def test_metrics_tell_how_every_view_stands(place: Place) -> None:
    async with place.working(await place.followed(Jars(), Shelves())):
        last = await place.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
        await place.reached(last, Jars(), Shelves())
    app = Starlette(
        routes=[
            metrics_route(
                lambda: views_status(place.database.writer),
                lambda: standing(place.database.writer),
                lambda request: True,
            )
        ]
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        lines = (await client.get("/metrics")).text.splitlines()
    labels = '{generation="1",view="toys.jars"}'
    for line in (
        "headwater_log_head 1.0",
        f"headwater_view_lag_events{labels} 0.0",
        f"headwater_view_folded_total{labels} 1.0",
        f"headwater_view_pages_total{labels} 1.0",
        f"headwater_view_complete{labels} 1.0",
        f"headwater_view_fold_errors_total{labels} 0.0",
    ):
        assert line in lines


async def test_a_fold_is_linked_to_the_trace_of_its_command(place: Place) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    command = replace(
        place.command((uuid4(), Jar.Dusted())), metadata=msgspec.json.encode({"traceparent": parent})
    )
    await place.log.append(command)
    TracedFolds().folded("toys.jars", await place.log.read(limit=10), 1, 0.5)
    (span,) = exporter.get_finished_spans()
    assert span.name == "fold toys.jars"
    assert [link.context.trace_id for link in span.links] == [
        UUID("0af76519-16cd-43dd-8448-eb211c80319c").int
    ]

    exporter.clear()
    app = TracedRequests(Starlette(routes=health_routes(Checks(views(WELL), {}), lambda request: True)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        await client.get("/health/live", headers={"traceparent": parent})
    (request,) = exporter.get_finished_spans()
    assert request.context is not None
    assert request.context.trace_id == span.links[0].context.trace_id

    exporter.clear()
    bus = TracedBus(place.log, PlainCodec(), SystemClock(), TimeOrderedIds())
    by = Caller(tenant_id=uuid4(), user_id=uuid4())
    receipt = await bus.send(RegisterUser(id=uuid4(), email="ada@example.com", first_name="Ada"), by=by)
    assert isinstance(receipt, AppendReceipt)
    (command_span,) = exporter.get_finished_spans()
    assert (command_span.name, command_span.attributes) == (
        "identity.register_user",
        {"headwater.refused": ""},
    )
    TracedFolds().folded("users", await place.log.read(after=receipt.first - 1, limit=1), receipt.last, 0.1)
    fold = exporter.get_finished_spans()[-1]
    assert command_span.context is not None
    assert [link.context.span_id for link in fold.links] == [command_span.context.span_id]
    provider.shutdown()


def test_one_sentence_says_when_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    beside = SystemStatus(workers=1, rebuilding=0, differing=0, processes=())
    tell_status(Look([WELL], ["here:1"], beside))
    assert capsys.readouterr().out.splitlines()[-2:] == ["Workers: here:1.", "All is well."]
    tell_status(Look([WELL], [], beside))
    assert "All is well." not in capsys.readouterr().out
