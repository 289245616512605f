"""The operators' page, the alerts and the dashboard speak of the metrics and commands that there are."""

import json
import re
from pathlib import Path

import pytest
import typer.main
import yaml
from prometheus_client.core import Metric

from app.cli.main import program
from app.log.replica import SCHEMA
from app.telemetry.metrics import REGISTRY, beside_metrics, view_metrics
from app.telemetry.process_status import ProcessStatus
from app.telemetry.system_status import SystemStatus
from tests.views.test_status import WELL

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text()


def commands() -> set[str]:
    """The names that follow ``headwater`` on the command line."""
    return set(typer.main.get_command(program()).commands)  # type: ignore[attr-defined]


def exposed() -> set[str]:
    """Every metric of ours, by the names of its samples without those of a histogram's parts."""
    process = ProcessStatus(
        process="p",
        version=1,
        since=0,
        position=0,
        head=0,
        lag_events=0,
        instances=0,
        timers=0,
        open=0,
        parked=0,
        error=None,
        holder=None,
        beat_age=None,
    )
    standing = SystemStatus(workers=1, rebuilding=0, differing=0, processes=(process,))
    metrics: list[Metric] = [*view_metrics([WELL]), *beside_metrics(standing), *REGISTRY.collect()]
    return {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in metrics
        if metric.name.startswith("headwater_")
    }


def named(text: str) -> set[str]:
    """The metrics that a text names."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"headwater_[a-z_]+", text)}


def test_the_page_explains_every_metric_and_no_other() -> None:
    assert named(PAGE) - {SCHEMA} == exposed()


@pytest.mark.parametrize("file", ["alerts.yaml", "dashboard.json"])
def test_alerts_and_dashboard_use_metrics_that_exist(file: str) -> None:
    names = named((DOCS / "monitoring" / file).read_text())
    assert names
    assert names <= exposed()


def test_alerts_are_rules_with_a_severity_and_a_summary() -> None:
    groups = yaml.safe_load((DOCS / "monitoring/alerts.yaml").read_text())["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_panels_of_the_dashboard_stand_beside_each_other() -> None:
    panels = json.loads((DOCS / "monitoring/dashboard.json").read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        assert max(x for x, _ in cells) < 24


def test_the_page_shows_every_command_for_operators() -> None:
    ours = {"run", "api", "worker", "migrate", "demo", "settings", "schema", "backfill"}
    for name in commands() - ours:
        assert f"headwater {name}" in PAGE, name
    for name in re.findall(r"headwater ([a-z][a-z-]*)\b", PAGE):
        assert name in commands() | {"is", "login"}, name
