"""Looks everywhere for what can be read of a person: plain texts, and sealed ones that can still be opened."""

import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from app.privacy.search.tables import Tables
from app.privacy.search.traces import Looked, SearchableStore, SearchedPerson, SweptStore
from domain.kit.sealed import ERASED, Opening, fingerprint_of
from domain.processes.erasure_port import StillReadable

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]{2,}")
"""What is struck from files that all tenants share, and looked for everywhere, must at least be an address."""
_SHORTEST = 3
"""Letters: what is shorter tells nobody, and stands everywhere."""


class SubjectSearch:
    """All stores, looked through for one person; those that are ``unread`` are swept alone."""

    def __init__(
        self,
        tables: Tables,
        others: Sequence[SearchableStore],
        opening: Opening,
        *,
        unread: Sequence[SweptStore] = (),
    ) -> None:
        self._tables, self._opening, self._unread = tables, opening, unread
        self.stores: tuple[SearchableStore, ...] = (tables, *others)

    async def wanted(self, tenant_id: UUID, subject_id: UUID, also: Sequence[UUID] = ()) -> SearchedPerson:
        """What to look for in a tenant: while the person's key is there, all that is sealed of them, in plain.

        ``also``: other subjects whose data are theirs.
        """
        wanted = SearchedPerson(tenant_id=tenant_id, subject_id=subject_id, also=tuple(also))
        tokens = await self._tables.tokens(wanted)
        opened = dict(zip(tokens, await self._opening.open(tenant_id, tokens), strict=True))
        texts = {text for text in opened.values() if len(text) >= _SHORTEST}
        # What somebody wrote into a name or a text of their own tells nobody, whatever it looks like.
        found_by = {text for token, text in opened.items() if fingerprint_of(token) is not None}
        telling = {text for text in found_by & texts if _ADDRESS.fullmatch(text)}
        return replace(wanted, everywhere=tuple(sorted(telling)), beside=tuple(sorted(texts - telling)))

    async def sweep(self, wanted: SearchedPerson) -> dict[str, int]:
        """Sweep every store; how much was found in each, by its name."""
        return {store.store: await store.sweep(wanted) for store in (*self.stores, *self._unread)}

    async def look(self, wanted: SearchedPerson) -> list[Looked]:
        """Look through every store. Raises StillReadable when a plain text stands in one."""
        found = [await store.look(wanted) for store in self.stores]
        for looked in found:
            if looked.plain:
                # The key is left out, since it may be what tells the person.
                places = sorted({trace.place for trace in looked.plain})
                raise StillReadable(f"{len(looked.plain)} in plain text, in {', '.join(places)}")
        return found

    async def unreadable(self, wanted: SearchedPerson) -> list[Looked]:
        """As `look`; raises StillReadable also when a sealed text of theirs can be opened."""
        found = await self.look(wanted)
        for looked in found:
            opened = await self._opening.open(wanted.tenant_id, [token for _, token in looked.sealed])
            for (place, _), text in zip(looked.sealed, opened, strict=True):
                if text != ERASED:
                    raise StillReadable(f"A sealed text in {place.place} can be opened.")
        return found


def together(found: Sequence[Looked]) -> list[Looked]:
    """What was found in each store, over all tenants that were looked at."""
    by_store: dict[str, Looked] = {}
    for looked in found:
        whole = by_store.setdefault(looked.store, Looked(looked.store))
        whole.places += looked.places
        whole.sealed += looked.sealed
    return list(by_store.values())
