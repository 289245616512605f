"""Whatever could not be folded at first: once all is repaired, the rows are those of a fresh fold."""

from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kit.events import Event
from tests.parking.fragile import POISON, PostgresDiary, PostgresTally, RedisDiary, RedisTally
from tests.parking.yard import Yard, filled, taken
from tests.views.place import TENANT
from tests.views.toys import Jar

KINDS = (PostgresDiary, PostgresTally, RedisDiary, RedisTally)
OTHER = UUID(int=8)

Told = tuple[UUID, int, Event]


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """What may happen to a few jars of two tenants, in order; jars of both have the same numbers."""
    events: list[Told] = []
    state: dict[tuple[UUID, int], str] = {}
    for _ in range(draw(st.integers(4, 30))):
        tenant, jar = draw(st.sampled_from([TENANT, OTHER])), draw(st.integers(1, 4))
        # Two amounts are poison; they are repaired one after the other.
        amount, shelf = draw(st.sampled_from([1, 2, 3, 13, 14])), draw(st.sampled_from(["top", "low"]))
        match state.get((tenant, jar)):
            case None:
                events.append((tenant, jar, filled(UUID(int=0), amount, shelf)[1]))
                state[tenant, jar] = "whole"
            case "whole":
                broken = draw(st.integers(0, 9)) == 0
                event = Jar.Broken(shelf=shelf) if broken else taken(UUID(int=0), amount, shelf)[1]
                events.append((tenant, jar, event))
                state[tenant, jar] = "broken" if broken else "whole"
            case _:
                pass
    return events


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), first=st.integers(0, 30), second=st.integers(0, 30))
async def test_rows_are_those_of_a_fresh_fold_once_all_is_mended(
    yard: Yard, history: list[Told], first: int, second: int
) -> None:
    jars = {number: uuid4() for _, number, _ in history}
    parts = [history[:first], history[first : first + second], history[first + second :]]
    last = await yard.place.log.head()
    POISON.update((13, 14))
    for part, mended in zip(parts, ({13}, {14}, set[int]()), strict=True):
        # Each part is folded by a worker of its own.
        followed = [await yard.followed(kind) for kind in KINDS]
        async with yard.place.working(followed):
            for tenant, number, event in part:
                last = await yard.place.tell((jars[number], event), tenant=tenant)
            await yard.reached(last, *(followed_view.view for followed_view in followed))
            POISON.difference_update(mended)
            await yard.parked.retry(None)
            await yard.settled()
    assert await yard.parked.list() == []
    for kind in KINDS:
        await yard.is_as_fresh(kind)
