"""Leaves in records what is a person's own: their sealed texts in plain, and nothing of other people."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from app.contexts import SUBJECTS
from domain.kit.sealed import ERASED, is_sealed, opened_each, subject_of
from projections.kit.context.exports import Record
from projections.kit.context.subject import Scope

_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_PEOPLE = tuple(kind.aggregate.topic for kind in SUBJECTS if kind.person)


async def own_only(scope: Scope, records: Sequence[Record]) -> list[Record]:
    """The records with sealed texts of the scope's subjects opened; texts of others, and ids that stand for other
    people, are null, however deep they stand. So is what only looks sealed."""
    texts = sorted({text for record in records for text in _texts(record)})
    mine = [text for text in texts if is_sealed(text) and subject_of(text) in scope.subjects]
    plain = dict(zip(mine, await opened_each(scope.store.opening, scope.tenant_id, mine), strict=True))
    ids = [UUID(text) for text in texts if _ID.fullmatch(text)]
    others = {str(id) for id in await scope.others(ids, _PEOPLE)}

    def shown(text: str) -> str | None:
        if is_sealed(text):
            return plain.get(text, ERASED) or None
        return None if text in others else text

    return [_replaced(record, shown) for record in records]


# Records are JSON of any depth, hence Any.
def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _replaced(value: Any, shown: Callable[[str], str | None]) -> Any:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {name: _replaced(item, shown) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, shown) for item in value]
    return value
