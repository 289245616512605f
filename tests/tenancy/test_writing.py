"""No mutation takes or changes what is another tenant's."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from tests.kit.documents import operations
from tests.tenancy.building import Builder
from tests.tenancy.documents import Document, filled
from tests.tenancy.scene import SURFACE, WHO, Scene
from tests.tenancy.state import digests, head


def own_arguments(scene: Scene) -> dict[str, dict[str, Any]]:
    """For every mutation arguments about the second tenant's own things, accepted ones where there were some."""
    builder = scene.second.builder
    return {
        root.name: builder.accepted.get(root.name) or builder.arguments(root)
        for root in SURFACE.roots("mutation")
    }


@pytest.mark.parametrize("name", WHO)
async def test_who_lacks_a_permission_appends_nothing(scene: Scene, name: str) -> None:
    before = await head(scene)
    found = await scene.sweep(name).denied("mutation", own_arguments(scene))
    assert [str(finding) for finding in found] == []
    assert await head(scene) == before


@pytest.mark.parametrize("name", WHO)
async def test_ids_of_another_tenant_are_nobodys(scene: Scene, name: str) -> None:
    before = await digests(scene)
    sweep = replace(scene.sweep(name), thorough=name == "signed-in owner")
    found = await sweep.write(own_arguments(scene))
    assert [str(finding) for finding in found] == []
    assert await digests(scene) == before


async def test_a_command_id_of_another_tenant_means_nothing(scene: Scene) -> None:
    command, id = str(uuid4()), str(uuid4())
    for actor in (scene.first.service, scene.second.service):
        variables = {"input": {"id": id, "title": actor.name}, "commandId": command}
        answer = await actor.ask(operations()["CreateTask"], variables)
        assert answer["data"]["createTask"]["repeated"] is False


async def test_the_second_tenant_may_do_all_that_was_tried(scene: Scene) -> None:
    """Or its refusals would not be about the ids of others."""
    tried = {root.name for root in SURFACE.roots("mutation") if root.creates and not root.of_all}
    assert tried - scene.second.builder.accepted.keys() == set()


async def test_an_id_may_be_used_in_two_tenants_and_means_two_things(scene: Scene) -> None:
    """Were it refused, whoever guesses ids would learn which there are."""
    before, second = await digests(scene), scene.second
    builder = Builder(SURFACE, second.service, "rodrigues")
    builder.known.update(second.builder.known)
    created = set()
    for root in SURFACE.roots("mutation"):
        kinds = [kind for kind in scene.first.builder.known if root.shown.startswith(kind)]
        if not root.creates or root.of_all or not kinds:
            continue
        slot = next(slot for slot in root.slots if slot.path == ("input", "id"))
        least = builder.arguments(root, attempt=6)
        answers = []
        for id in (scene.first.builder.known[max(kinds, key=len)][0], str(uuid4())):
            document = Document("mutation")
            document.add(root, filled(least, slot, id), "{ __typename ... on Refused { code field } }")
            answers.append((await second.service.ask(document.text, document.variables))["data"]["a0"])
        # Whatever else the second one is refused for, it is not the id.
        assert answers[0]["__typename"] != "Refused" or answers[0] == answers[1], root.name
        created |= {root.name} if answers[0]["__typename"] != "Refused" else set()
    assert len(created) > 3
    assert await digests(scene) == before
