"""Generated operations of everybody over every transport: none breaks the product, none shows another's data.

A short form in every run, always the same; ``make hostile COUNT=10000`` is the long one, by chance. Both end by
comparing every view with the log.
"""

import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any, get_args

import asyncpg
import httpx
import pytest
from websockets.exceptions import WebSocketException

from api.kit.execution.error_codes import ErrorCode
from app.settings import Settings
from tests.auth.people import registered
from tests.faults.invariants import log_findings, read_truth, view_findings
from tests.hostile.operations import TRANSPORTS, Operation, operation
from tests.hostile.sending import Answered, Caller, calling
from tests.kit.processes import until
from tests.kit.product import Product, produced
from tests.tenancy.actors import Actor
from tests.tenancy.log_ids import folded
from tests.tenancy.marks import hexes
from tests.tenancy.scene import SURFACE, WORD, Scene, service, staged

COUNT = int(os.environ.get("HEADWATER_HOSTILE_COUNT", "400"))
SEED = os.environ.get("HEADWATER_HOSTILE_SEED", "always the same")
WHO = ("owner", "guest", "operator", "nobody")
ALLOWED = {*get_args(ErrorCode)} - {"INTERNAL", "NOT_READY", "UNAVAILABLE"}
"""Codes of what the client can do something about; nothing that the product needs is away."""
INNARDS = re.compile(r"Traceback|object at 0x|<class '|NoneType|asyncpg|strawberry|msgspec|UUID\(")
SLUG = re.compile(f"{WORD}-[0-9a-f]{{8}}")


@dataclass
class Stage:
    """The product with two tenants, who attacks, and what has come of it."""

    product: Product
    scene: Scene
    callers: dict[str, Caller]
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How many operations by caller, transport and outcome: ``data``, or the code of an error."""
    taken: set[str] = field(default_factory=set)
    """Ids of the first tenant's things under which callers may have made things of their own."""


@pytest.fixture(scope="module")
async def stage(settings: Settings, opensearch_url: str, index_prefix: str) -> AsyncIterator[Stage]:
    """The first tenant is the one that nobody may see; all callers but operators belong to the second."""
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(
            produced(settings, opensearch_url=opensearch_url, index_prefix=index_prefix, after_wait_ms=200)
        )
        scene = await staged(product)
        third = (await registered(product)).given
        callers = {}
        for name in WHO:
            actor, ours = _actor(scene, name)
            if name == "operator":
                ours = [*ours, third["tenantId"], third["accountId"]]
            callers[name] = await stack.enter_async_context(calling(actor, _known(scene, name, ours)))
        yield Stage(product, scene, callers)


def _actor(scene: Scene, name: str) -> tuple[Actor, list[str]]:
    second = scene.second
    ids = [id for kind in second.builder.known.values() for id in kind]
    if name == "owner":
        caller = second.owner.caller
        return service(scene.product, second.id, caller.user_id, "owner"), ids
    actor = scene.actor(name)
    return actor, ids if name == "guest" else [str(actor.caller.user_id)]


def _known(scene: Scene, name: str, ours: list[str]) -> dict[str, list[str]]:
    sweep = scene.sweep(name if name != "owner" else "signed-in owner")
    # An answer may repeat what it was given, and the word is looked for in answers.
    keys = [text for text in sweep.texts.values() if WORD not in text.lower()]
    return {
        "theirs": list(sweep.ids.values()),
        "ours": ours,
        "cursors": list(scene.cursors.values()),
        "keys": keys,
    }


@pytest.mark.parametrize("name", WHO)
async def test_no_operation_breaks_anything(stage: Stage, name: str) -> None:
    caller = stage.callers[name]
    for number in range(COUNT // len(WHO)):
        sent = operation(Random(f"{SEED}/{name}/{number}"), SURFACE, caller.actor.granted)
        told = f"{number} of seed {SEED!r} by {name}: {sent}"[:5_000]
        try:
            answered = await caller.send(sent)
        except (httpx.HTTPError, OSError, TimeoutError, ValueError, WebSocketException) as error:
            raise AssertionError(f"{error!r} after {told}") from error
        for outcome in (outcomes := _outcomes(answered)):
            stage.seen[name, sent.transport, outcome] += 1
        if sent.kind == "mutation" and "data" in outcomes:
            stage.taken |= hexes(answered.sent)
        assert not (found := _faults(stage, name, sent, answered)), f"{found} after {told}"


def _outcomes(answered: Answered) -> set[str]:
    return {
        outcome
        for answer in answered.answers
        for outcome in (
            *(error["extensions"]["code"] for error in answer.get("errors", ())),
            *(["data"] if answer.get("data") else []),
        )
    }


def _faults(stage: Stage, name: str, sent: Operation, answered: Answered) -> list[str]:
    found = [] if answered.status < 500 else [f"status {answered.status}"]
    sweep = stage.scene.sweep(name if name != "owner" else "signed-in owner")
    marks = sweep.marks.without(*stage.taken)
    for answer in answered.answers:
        errors = answer.get("errors", [])
        found += [] if answer.keys() & {"data", "errors"} else [f"no answer: {answer}"]
        found += [
            f"an error that should not be: {error}"
            for error in errors
            if error["extensions"]["code"] not in ALLOWED or INNARDS.search(error["message"])
        ]
        # What is about all tenants names them.
        shown = {
            alias: value
            for alias, value in (answer.get("data") or {}).items()
            if not (alias in sent.roots and sent.roots[alias].of_all)
        }
        told = json.dumps([shown, errors])
        # Which slugs tenants have, and once had, is for operators to know.
        crossed = marks.found(SLUG.sub("", told) if name == "operator" else told, but=answered.sent)
        found += [f"shows {sorted(crossed)}: {answer}"] if crossed else []
    return found


def test_they_were_tried(stage: Stage) -> None:
    """Operations that are all turned down at the door attack nothing."""
    by_caller, by_transport, by_outcome = Counter[str](), Counter[str](), Counter[str]()
    for (name, transport, outcome), count in stage.seen.items():
        by_outcome[outcome] += count
        if outcome == "data":
            by_caller[name] += count
            by_transport[transport] += count
    assert by_caller.keys() == {*WHO}
    assert by_transport.keys() == {*TRANSPORTS}
    assert by_outcome["data"] > COUNT // 5
    assert by_outcome.keys() >= {
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_REQUEST",
        "GRAPHQL_PARSE_FAILED",
        "BAD_USER_INPUT",
    }


async def test_afterwards_the_log_is_whole_and_every_view_is_its_fold(stage: Stage) -> None:
    product: Product = stage.product
    connection: Any = await asyncpg.connect(product.settings.database_url)
    try:
        await until(lambda: folded(connection), seconds=300)
        assert await log_findings(product.settings) == []
        truth = await read_truth(product.settings)
        assert await view_findings(truth, product.settings, connection) == []
    finally:
        await connection.close()
