"""No query answers anybody with what is another tenant's, whatever they name."""

from dataclasses import replace

import pytest

from tests.tenancy.scene import SURFACE, WHO, Scene
from tests.tenancy.sweeping import Finding, Sweep

UNMARKED = {
    "checkSchema": "what registering a schema would come to",
    "checkTemplate": "what would become of what was sent with it",
    "exportUserData": "no process has written an export",
    "featureEnabled": "a yes or no",
    "importProgress": "a status and numbers",
    "marketingImportErrors": "no process has read a report",
    "marketingMetrics": "sums of numbers",
    "taskDays": "numbers by day",
    "templateVersion": "its id is shown by its template, whose versions show the rest",
    "unreadNotifications": "a number",
    "viewer": "permissions, which are words of the product",
    "webhookReplayCount": "a number",
}
"""Queries that need not show the first tenant itself anything by which it can be known, and why."""


@pytest.fixture(scope="module")
async def shown(scene: Scene) -> list[Finding]:
    """What the first tenant's owner is shown of their own, by every query and whatever can be named."""
    sweep = Sweep(SURFACE, scene.first.owner, scene.marks, scene.ids, scene.texts, compared=False)
    return await sweep.read()


async def test_the_first_tenant_is_answered(shown: list[Finding]) -> None:
    """Or the tests below would prove nothing."""
    answered = {finding.root for finding in shown if finding.what.startswith("shows")}
    wanted = {root.name for root in SURFACE.roots("query") if not root.of_all}
    assert UNMARKED.keys() <= wanted
    silent = sorted(wanted - answered - UNMARKED.keys())
    assert silent == [], "These show nothing of the first tenant; say in UNMARKED why, if that is right."
    assert [str(finding) for finding in shown if finding.what == "fails"] == []


@pytest.mark.parametrize("name", WHO)
async def test_nobody_else_is_shown_anything_of_it(scene: Scene, shown: list[Finding], name: str) -> None:
    ways = frozenset((finding.root, finding.way) for finding in shown if finding.way)
    sweep = replace(
        scene.sweep(name),
        cursors=scene.cursors,
        ways=ways,
        position=scene.position,
        thorough=name == "signed-in owner",
    )
    assert [str(finding) for finding in [*await sweep.denied("query", {}), *await sweep.read()]] == []


async def test_no_text_is_empty_that_nobody_wrote(shown: list[Finding]) -> None:
    """What is not there is null."""
    assert [str(finding) for finding in shown if finding.what.startswith("says nothing")] == []


def test_every_field_was_selected(shown: list[Finding]) -> None:
    """Whatever type it is a field of: all that a root field leads to."""
    for kind in ("query", "mutation", "subscription"):
        for root in SURFACE.roots(kind):
            SURFACE.selections(root.shown, lambda _: True)
    assert SURFACE.reachable() - SURFACE.selected == set()
