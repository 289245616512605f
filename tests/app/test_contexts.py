"""Contexts as the product knows them: every program knows every event, and a wrong manifest is refused."""

import subprocess
import sys
from typing import Any, Protocol

import pytest

import domain.work
import projections.identity
import projections.work
from api.kit.manifest import ContextApi
from api.work import rest
from app.contexts import CONTEXTS
from app.processes.declared import declared
from domain.contexts import CONTEXTS as DOMAIN
from domain.contexts import NAMES
from domain.kit.context.adapters import created, provided
from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.context.manifests import joined, load
from domain.kit.permissions import PERMISSIONS, ROLES, Holder, Permission
from domain.processes.project_memberships import ProjectMemberships
from domain.work import tasks
from projections.kit.context.context import ContextViews, ports_of
from projections.kit.context.joined_visibility import join_visibility
from projections.kit.context.visibility import ContextVisibility
from projections.tenancy.entity_index import EntityStep
from projections.work.projects import ProjectCards, Projects
from projections.work.tasks import Tasks

_ALL = """
import importlib, pkgutil
import {first}
from domain.kit.events import event_classes
known = set(event_classes())
import domain
for module in pkgutil.walk_packages(domain.__path__, "domain."):
    importlib.import_module(module.name)
print(*sorted(set(event_classes()) - known))
"""


@pytest.mark.servers
@pytest.mark.parametrize("first", ["app.contexts", "projections.governance.activity"])
def test_whoever_knows_the_views_or_the_one_that_folds_all_events_knows_all_events(first: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _ALL.format(first=first)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == [], "A manifest of domain/ lacks their modules"


def test_a_context_has_the_views_that_its_modules_declare() -> None:
    assert {Tasks, Projects, ProjectCards} < set(projections.work.CONTEXT.views)
    assert {view.__module__.rpartition(".")[0] for view in projections.work.CONTEXT.views} == {
        "projections.work"
    }


def test_a_context_that_is_listed_and_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match=r"no domain\.wrok, which domain/contexts\.py asks for"):
        load("domain", ContextDomain, ["wrok"])


def test_so_is_one_without_a_manifest() -> None:
    with pytest.raises(TypeError, match=r"projections\.kit exports no CONTEXT of the class ContextViews"):
        load("projections", ContextViews, ["kit"])


def test_and_one_with_the_manifest_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain.work, "CONTEXT", ContextDomain(package="domain.identity"))
    with pytest.raises(TypeError, match=r"CONTEXT of domain\.work says that it is domain\.identity"):
        load("domain", ContextDomain, NAMES)


def test_a_module_of_another_package_is_refused() -> None:
    with pytest.raises(TypeError, match=r"domain\.identity lists domain\.work\.tasks"):
        ContextDomain(package="domain.identity", modules=(tasks,))


def test_two_contexts_may_not_declare_the_same() -> None:
    other = ContextViews(package="projections.other")
    with pytest.raises(
        TypeError,
        match=r"views: projections\.other\.Tasks has tasks\.tasks, and so has projections\.work\.Tasks",
    ):
        joined([projections.work.CONTEXT, other], "views", lambda _: [(Tasks.name, Tasks)])


def test_what_is_named_is_declared_in_the_context() -> None:
    with pytest.raises(TypeError, match=r"projections\.work: twins names ProjectCards, Projects"):
        ContextViews(package="projections.work", twins={Projects: ProjectCards})
    with pytest.raises(TypeError, match=r"projections\.work: visibility names Tasks"):
        ContextViews(package="projections.work", visibility=ContextVisibility(about={Tasks: "project_id"}))


def test_twins_have_the_same_rows() -> None:
    with pytest.raises(TypeError, match=r"projections\.work: ProjectCards has not the rows of Tasks"):
        ContextViews(package="projections.work", twins={Tasks: ProjectCards})


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("work", r"One context declares visibility\.rule, not none of them"),
        ("identity", r"One context declares visibility\.members, not none of them"),
    ],
)
def test_nothing_starts_without_a_rule_of_who_sees_what(left_out: str, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        join_visibility([context for context in CONTEXTS if context.name != left_out])


def test_nor_with_two_of_them() -> None:
    again = ContextViews(
        package="projections.other",
        visibility=ContextVisibility(rule=projections.work.CONTEXT.visibility.rule),
    )
    with pytest.raises(TypeError, match=r"not projections\.work, projections\.other"):
        join_visibility([*CONTEXTS, again])


def test_two_readers_may_not_be_found_under_one_class() -> None:
    reading: Any = None
    with pytest.raises(TypeError, match="Two adapters provide str"):
        ports_of(reading, (lambda _: "one", lambda _: "two"))


def test_a_permission_belongs_to_one_context() -> None:
    mine = Permission("work:read", "Read.", "owner")
    with pytest.raises(TypeError, match=r"permissions: domain\.other has work:read, and so has domain\.work"):
        ContextDomain(package="domain.other", permissions=(mine,))
    assert "work:read" in ROLES["guest"]


@pytest.mark.parametrize(
    ("name", "held_from"), [("read", "guest"), ("ops:read", "admin"), ("a:read", "operator")]
)
def test_what_operators_have_nobody_else_has(name: str, held_from: Holder) -> None:
    with pytest.raises(TypeError):
        Permission(name, "Read.", held_from)


def test_what_a_context_says_is_about_its_own_aggregates() -> None:
    task = Entity(kind="TASK", aggregate=tasks.Task, needs="work:all")
    with pytest.raises(
        TypeError, match=r"domain\.other: entities names Task, declared in none of its modules"
    ):
        ContextDomain(package="domain.other", entities=(task,))
    with pytest.raises(TypeError, match=r"domain\.other: unread names Task"):
        ContextDomain(package="domain.other", unread=(tasks.Task,))


def test_every_permission_that_a_manifest_needs_can_be_granted() -> None:
    needed = {entity.needs for context in DOMAIN for entity in context.entities}
    needed |= {shown.needs for context in CONTEXTS for shown in context.visibility.shown}
    assert needed <= PERMISSIONS.keys()


def test_an_event_sets_the_status_that_its_context_says() -> None:
    entity = Entity(kind="TASK", aggregate=tasks.Task, needs="work:all", statuses={tasks.Task.Renamed: "new"})
    assert EntityStep(tasks.Task.Renamed, entity).status(tasks.Task.Renamed(title="A")) == "new"
    assert EntityStep(tasks.Task.Described, entity).status(tasks.Task.Described(description="A")) is None


def test_a_module_of_the_api_has_roots() -> None:
    with pytest.raises(
        TypeError, match=r"api\.work lists api\.work\.rest, which has no Query, Mutation, Subscription"
    ):
        ContextApi(package="api.work", modules=(rest,))


def test_two_processes_may_not_keep_their_state_under_one_name() -> None:
    mine = ContextDomain(package="domain.mine", processes=(ProjectMemberships,))
    other = ContextDomain(package="domain.other", platform_processes=(ProjectMemberships,))
    assert declared([mine], platform=False) == declared([other], platform=True) == (ProjectMemberships,)
    assert declared([mine], platform=True) == ()
    with pytest.raises(TypeError, match=rf"processes: domain\.other.* has {ProjectMemberships.name}"):
        declared([mine, other], platform=False)


class Wind(Protocol):
    """A port."""


class Sail:
    """What needs one."""

    def __init__(self, wind: Wind, area: int = 1) -> None:
        self.wind, self.area = wind, area


class Gale(Wind):
    """An adapter."""


def test_ports_are_found_by_their_types() -> None:
    gale = Gale()
    assert provided(gale) == {Gale: gale, Wind: gale}
    sail = created(Sail, provided(gale))
    assert (sail.wind, sail.area) == (gale, 1)
    with pytest.raises(TypeError, match=r"Nothing provides what Sail needs: wind: .*Wind"):
        created(Sail, provided("a breeze"))
    with pytest.raises(TypeError, match="Two adapters provide Wind"):
        provided(gale, type("Storm", (Wind,), {})())
