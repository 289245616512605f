"""One round: load, faults at random moments, then quiet, then everything that must hold."""

import asyncio
from contextlib import AsyncExitStack, suppress
from random import Random
from uuid import UUID

import httpx

from tests.faults.caller import Caller
from tests.faults.cluster import Cluster
from tests.faults.invariants import (
    command_findings,
    log_findings,
    read_truth,
    rebuild_findings,
    receipt_findings,
    view_findings,
)
from tests.faults.journal import Journal
from tests.faults.plan import Plan, Report
from tests.faults.reading_api import reader_findings
from tests.faults.rebuilding import FAULTS
from tests.faults.settling import settled
from tests.faults.subscriber import Subscriber, ended
from tests.kit.processes import until

TENANTS = 2
QUIET_SECONDS = 150
"""How long the product may take to be well again; a machine under load needs a part of it."""
NOTICED_SECONDS = 60
"""How long rows may be gone before a lane has noticed and they are there again."""


async def play(cluster: Cluster, plan: Plan) -> Report:
    """Play a round; the report's findings are empty when the product has kept its word."""
    report = Report(plan)
    report.say(f"seed {plan.seed!r}: {', '.join(f'{at:.2f} {name}' for at, name in plan.strikes())}")
    journal = Journal()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(cluster.kept(report.say))
        http = await stack.enter_async_context(cluster.http())
        callers = await _callers(cluster, http, plan, journal)
        subscribers = _subscribers(plan, callers, journal)
        watching = [asyncio.create_task(subscriber.run()) for subscriber in subscribers]
        stack.push_async_callback(ended, watching)
        stopping = asyncio.Event()
        working = [asyncio.create_task(caller.run(stopping)) for caller in callers]
        stack.push_async_callback(ended, working)
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(_strike(cluster, plan, number, report) for number in range(plan.faults)))
        await asyncio.sleep(began + plan.seconds - asyncio.get_running_loop().time())
        stopping.set()
        unanswered = (await asyncio.wait(working, timeout=QUIET_SECONDS))[1]
        report.say(journal.summary())
        if unanswered:
            report.wrong(f"{len(unanswered)} callers wait for an answer since {QUIET_SECONDS} s")
        if (problem := await settled(cluster, QUIET_SECONDS)) is not None:
            report.wrong(f"not well after {QUIET_SECONDS} s: {problem}")
        else:
            report.say("all views are at the head and all is well")
            await _examine(cluster, report, journal, subscribers)
    return report


async def _callers(cluster: Cluster, http: httpx.AsyncClient, plan: Plan, journal: Journal) -> list[Caller]:
    callers = []
    for tenant in range(TENANTS):
        chance = Random(f"{plan.seed}/{plan.number}/tenant {tenant}")
        tenant_id = UUID(int=chance.getrandbits(128), version=4)
        people: list[str] = []
        projects: list[str] = []
        for number in range(max(plan.load // TENANTS, 1)):
            own = Random(f"{plan.seed}/{plan.number}/caller {tenant} {number}")
            client = cluster.client(http, tenant_id, UUID(int=own.getrandbits(128), version=4))
            callers.append(Caller(client, own, journal, people, projects))
    await asyncio.gather(*(caller.register(f"caller{number}") for number, caller in enumerate(callers)))
    return callers


def _subscribers(plan: Plan, callers: list[Caller], journal: Journal) -> list[Subscriber]:
    since = max(journal.receipts.values())
    clients = {caller.client.tenant: caller.client for caller in callers}
    kinds = (("Events", False), ("Events", True), ("TaskChanged", False), ("TaskChanged", True))
    return [
        Subscriber(
            f"{operation} over {'SSE' if sse else 'WebSocket'}",
            client,
            operation,
            since,
            Random(f"{plan.seed}/{plan.number}/{operation} {sse}"),
            sse,
        )
        for client in clients.values()
        for operation, sse in kinds
    ]


async def _strike(cluster: Cluster, plan: Plan, number: int, report: Report) -> None:
    at, name = plan.strikes()[number]
    await asyncio.sleep(at)
    await FAULTS[name](cluster, Random(f"{plan.seed}/{plan.number}/{number} {name}"), report.say)


async def _examine(cluster: Cluster, report: Report, journal: Journal, subscribers: list[Subscriber]) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + NOTICED_SECONDS
    truth = await read_truth(cluster.direct)
    tenants = {subscriber.client.tenant for subscriber in subscribers}
    findings = [*journal.lies]
    findings += await log_findings(cluster.direct)
    findings += command_findings(truth, journal, tenants)
    async with cluster.owner() as owner:
        findings += await receipt_findings(owner, journal, tenants)
        wrong = await view_findings(truth, cluster.direct, owner)
        while wrong and clock() < deadline:
            # That somebody took rows away behind its back is noticed by a lane only within seconds.
            report.say(f"looking again: {wrong[0][:200]}")
            await asyncio.sleep(1)
            await settled(cluster, QUIET_SECONDS)
            wrong = await view_findings(truth, cluster.direct, owner)
        findings += wrong
        await settled(cluster, QUIET_SECONDS)
        findings += await rebuild_findings(owner, report.since)
    for client in {subscriber.client.tenant: subscriber.client for subscriber in subscribers}.values():
        findings += await reader_findings(truth, client, Random(f"{report.plan.seed}/readers"))
    expected = [
        (truth.positions if subscriber.operation == "Events" else truth.task_changes)(
            subscriber.client.tenant, subscriber.since
        )
        for subscriber in subscribers
    ]
    pairs = list(zip(subscribers, expected, strict=True))
    with suppress(TimeoutError):
        # Who does not come to the end of what they have to see is found below.
        await until(
            lambda: all(not seen or subscriber.cursor >= seen[-1] for subscriber, seen in pairs), seconds=30
        )
    for subscriber, seen in pairs:
        findings += subscriber.findings(seen)
    resumed = sum(subscriber.resumed for subscriber in subscribers)
    gaps = sum(len(subscriber.gaps) for subscriber in subscribers)
    report.say(f"{len(truth.events)} events; subscribers resumed {resumed} times, {gaps} discontinuities")
    for finding in findings:
        report.wrong(finding)
