"""Parking and repairing in the real OpenSearch, whose versions of documents everything rests on."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.parking.fragile import POISON, SearchDiary
from tests.parking.yard import Yard, filled, row_of, taken
from tests.views.place import Place
from tests.views.toys import Jar

BAD = 13


@pytest.fixture
async def real(place: Place, redis_url: str, opensearch_url: str, index_prefix: str) -> AsyncIterator[Yard]:
    """The place with the real OpenSearch."""
    async with Yard.opened(place, redis_url, opensearch_url, index_prefix) as yard:
        yield yard
        await yard.search.indices.delete(index=f"{index_prefix}*")


async def test_what_was_parked_is_folded_once_and_broken_jars_stay_broken(real: Yard) -> None:
    POISON.update((BAD, 14))
    bad, broken, good = uuid4(), uuid4(), uuid4()
    diary = await real.followed(SearchDiary)
    async with real.place.working([diary]):
        await real.place.tell(filled(bad, 1), filled(broken, BAD), filled(good, 2), taken(bad, BAD))
        last = await real.place.tell(
            taken(bad, 3), taken(bad, 14), (broken, Jar.Broken(shelf="top")), taken(good, 4)
        )
        await real.reached(last, diary.view)
        await real.answered(2)
        POISON.discard(BAD)
        await real.parked.retry(SearchDiary.name)
        (stream,) = await real.answered(1)
        assert (stream.stream, stream.position) == (bad, 6)
        assert [row.amounts for row in (await real.rows(SearchDiary, [row_of(bad)])).values()] == [
            (1, BAD, 3)
        ]
        POISON.clear()
        await real.parked.retry(SearchDiary.name, bad)
        await real.answered(0)
        await real.reached(await real.place.tell(taken(bad, 5), taken(good, 6)), diary.view)
    await real.is_as_fresh(SearchDiary)
