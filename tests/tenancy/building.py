"""Fills a tenant by every mutation that the schema has, so that a new kind of thing is in it unasked."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.tenancy.actors import Actor
from tests.tenancy.documents import Document
from tests.tenancy.surface import Root, Surface
from tests.tenancy.values import Values, ids_in

_ENDS = re.compile(
    "accept|archive|cancel|change(Password|UserRole)|complete|confirm|deactivate|delete|end|enrol|erase|lift|markN|"
    "pay|re(fresh|gister$|move|quest|set|sume|voke)|sign|suspend|switch|unassign|verify|void|withdraw"
)
"""Mutations that take away again, or that belong to whoever signs in: not for filling a tenant."""
_TRIES = 12
Known = Mapping[str, list[str]]


def fills(root: Root) -> bool:
    """Whether a mutation adds something to a tenant."""
    return root.need is not None and not root.of_all and not _ENDS.match(root.name)


class Builder:
    """Sends mutations as one tenant's owner, and remembers what they made and which inputs were accepted."""

    def __init__(self, surface: Surface, owner: Actor, word: str) -> None:
        self._surface, self.owner, self._word = surface, owner, word
        self.known: defaultdict[str, list[str]] = defaultdict(list)
        self.known["User"].append(str(owner.caller.user_id))
        self.known["Tenant"].append(str(owner.caller.tenant_id))
        self.accepted: dict[str, dict[str, Any]] = {}
        self.told: list[Any] = []
        """What the accepted mutations answered."""

    async def fill(self, like: "Builder | None" = None) -> None:
        """Send every mutation that fills, those that create first; twice, for some need what later ones make.

        ``like``: who has tried them before; what none of its inputs was accepted for is left out.
        """
        wanted = [
            root
            for root in self._surface.roots("mutation")
            if fills(root) and (like is None or root.name in like.accepted)
        ]
        wanted.sort(key=lambda root: not root.creates)
        for _ in range(2):
            for root in wanted:
                if root.name not in self.accepted:
                    await self.make(root)

    async def make(self, root: Root, given: Mapping[str, Any] | None = None) -> Any:
        """Send a mutation until an input of it is accepted; what that answered, or None."""
        answer: dict[str, Any] = {}
        for attempt in range(1 if given else _TRIES):
            arguments = dict(given or self.arguments(root, attempt))
            document = Document("mutation")
            alias = document.add(root, arguments, self._surface.selection(root.shown, self.owner.granted))
            answer = await self.owner.ask(document.text, document.variables)
            receipt = (answer.get("data") or {}).get(alias)
            if receipt and receipt.get("__typename") != "Refused":
                self.accepted[root.name] = arguments
                self.told.append(receipt)
                for kind, id in ids_in(receipt):
                    if id not in self.known[kind]:
                        self.known[kind].append(id)
                return receipt
        assert not given, answer
        return None

    def arguments(self, root: Root, attempt: int = 0) -> dict[str, Any]:
        """Arguments that the mutation may accept, with all that can be given at the first tries."""
        values = Values(self._word, lambda name: self._ids(root, name), attempt)
        return values.arguments(root, all=attempt < _TRIES // 2)

    def _ids(self, root: Root, name: str) -> list[str]:
        """Ids that may be meant, the likeliest first: of the kind that the field's name or the answer names."""
        hint = (root.shown if name == "id" else name).lower()
        kinds = sorted(
            self.known, key=lambda kind: (-len(kind) if kind.lower() in hint else 0, kind != "User")
        )
        return [id for kind in kinds for id in self.known[kind][:3]] or [str(uuid4())]
