"""What a new visitor of the page for developers finds: what this is, where to read on, and documents to run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from api.kit.http.graphiql import EditorTab
from app.pages.documentation import documentation
from app.pages.schema_page import PATH

_ROOT = Path(__file__).parents[2]
_OPERATIONS = _ROOT / "graphql" / "operations"
_SPREAD = re.compile(r"\.\.\.\s*(\w+)")
ABOUT = (
    "Headwater is a backend for the customer operations of many companies, on one immutable event log: commands "
    "append events, and people read views that are folded from them."
)
PASSWORD = (
    "`make run` has printed their password, and `headwater demo` prints it again. "
    "Click one to fill in the form."
)
TABS: Mapping[str, Mapping[str, Any]] = {
    "Me": {},
    "CreateTask": {"input": {"title": "Water the plants", "priority": "HIGH"}},
    "SearchTasks": {"text": "plant"},
    "TaskChanged": {},
    "CompleteTask": {"input": {"id": "THE TASK'S ID"}},
    "Users": {},
}
"""The steps of the tour, as the operations that clients send, with examples of their variables."""


@cache
def editor_tabs() -> Sequence[EditorTab]:
    """The documents of the tour, each with the fragments that it needs."""
    operations, fragments = dict[str, str](), dict[str, str]()
    for path in sorted(_OPERATIONS.rglob("*.graphql")):
        text = path.read_text()
        for node in parse(text).definitions:
            if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
                assert node.name is not None, path
                assert node.loc is not None, path
                found = operations if isinstance(node, OperationDefinitionNode) else fragments
                found[node.name.value] = text[node.loc.start : node.loc.end]
    return tuple(
        EditorTab(document="\n\n".join(_whole(operations[name], fragments)), variables=variables)
        for name, variables in TABS.items()
        if name in operations
    )


def _whole(document: str, fragments: Mapping[str, str]) -> Iterator[str]:
    wanted, seen = [document], set[str]()
    while wanted:
        text = wanted.pop(0)
        yield text
        for name in _SPREAD.findall(text):
            if name in fragments and name not in seen:
                seen.add(name)
                wanted.append(fragments[name])


def editor_links(*, schema: bool) -> dict[str, str]:
    """Where to read on, as far as it came with the code; ``schema`` says whether its page is there."""
    known = {"README": "/docs/README.md", "Tour": "/docs/tour.md", "Clients": "/docs/clients.md"}
    there = documentation()
    links = {name: address for name, address in known.items() if address in there}
    return links | ({"Schema": PATH} if schema else {})
