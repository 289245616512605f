"""References and reservations, decided in the append's own transaction."""

import asyncio
from uuid import uuid4

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.log import AppendReceipt, Missing, Reference, Taken
from tests.log.appends import OTHER, TENANT, TOPIC, command, email, event, stored, whole


async def test_a_reference_names_a_living_stream(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    stored(await log.append(command(event(), references=[Reference("task_id", TOPIC, stream)])))


async def test_refuses_a_reference_to_nothing(log: PostgresLog) -> None:
    reference = Reference("task_id", TOPIC, uuid4())
    assert await log.append(command(event(), references=[reference])) == Missing(reference)


async def test_refuses_a_reference_to_another_tenants_stream(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream), tenant=OTHER))
    reference = Reference("task_id", TOPIC, stream)
    assert await log.append(command(event(), references=[reference])) == Missing(reference)


async def test_refuses_a_reference_to_another_kind(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    reference = Reference("project_id", "work.project", stream)
    assert await log.append(command(event(), references=[reference])) == Missing(reference)


async def test_refuses_a_reference_to_an_ended_stream(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    await log.append(command(event(stream, 2, ends=True)))
    reference = Reference("task_id", TOPIC, stream)
    assert await log.append(command(event(), references=[reference])) == Missing(reference)


async def test_names_the_first_missing_reference(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    there, first, second = (Reference("task_id", TOPIC, id) for id in (stream, uuid4(), uuid4()))
    assert await log.append(command(event(), references=[there, first, second])) == Missing(first)


async def test_a_command_may_refer_to_what_it_makes(log: PostgresLog) -> None:
    stream = uuid4()
    stored(await log.append(command(event(stream), event(), references=[Reference("id", TOPIC, stream)])))


async def test_a_reference_follows_a_command_of_the_same_moment(log: PostgresLog) -> None:
    """The second waits for the first although both come at once."""
    stream = uuid4()
    reference = Reference("task_id", TOPIC, stream)
    first, second = await asyncio.gather(
        log.append(command(event(stream))), log.append(command(event(), references=[reference]))
    )
    assert stored(first).last < stored(second).first


async def test_refuses_a_value_that_another_stream_holds(log: PostgresLog) -> None:
    first, second = uuid4(), uuid4()
    stored(await log.append(command(event(first), reserves=[email("a@example.com", first)])))
    again = email("a@example.com", second)
    assert await log.append(command(event(second), reserves=[again])) == Taken(again)
    stored(await log.append(command(event(second), reserves=[email("b@example.com", second)])))


async def test_one_of_many_at_once_gets_the_value(log: PostgresLog) -> None:
    streams = [uuid4() for _ in range(10)]
    outcomes = await asyncio.gather(
        *(log.append(command(event(s), reserves=[email("race@example.com", s)])) for s in streams)
    )
    assert sum(isinstance(outcome, AppendReceipt) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Taken) for outcome in outcomes) == 9


async def test_the_holder_may_reserve_again(log: PostgresLog) -> None:
    stream = uuid4()
    held = email("same@example.com", stream)
    stored(await log.append(command(event(stream), reserves=[held])))
    stored(await log.append(command(event(stream, 2), reserves=[held])))


async def test_a_released_value_is_free_for_another(log: PostgresLog) -> None:
    first, second = uuid4(), uuid4()
    stored(await log.append(command(event(first), reserves=[email("c@example.com", first)])))
    stored(await log.append(command(event(first, 2), releases=[email("c@example.com", first)])))
    stored(await log.append(command(event(second), reserves=[email("c@example.com", second)])))


async def test_one_command_may_hand_a_value_over(log: PostgresLog) -> None:
    first, second = uuid4(), uuid4()
    stored(await log.append(command(event(first), reserves=[email("d@example.com", first)])))
    moves = command(
        event(first, 2),
        event(second),
        releases=[email("d@example.com", first)],
        reserves=[email("d@example.com", second)],
    )
    stored(await log.append(moves))
    back = email("d@example.com", first)
    assert await log.append(command(event(first, 3), reserves=[back])) == Taken(back)


async def test_nobody_releases_what_another_holds(log: PostgresLog) -> None:
    first, second = uuid4(), uuid4()
    stored(await log.append(command(event(first), reserves=[email("e@example.com", first)])))
    stored(await log.append(command(event(second), releases=[email("e@example.com", second)])))
    again = email("e@example.com", second)
    assert await log.append(command(event(second, 2), reserves=[again])) == Taken(again)


async def test_a_refused_command_reserves_nothing(log: PostgresLog) -> None:
    first, second = uuid4(), uuid4()
    missing = Reference("task_id", TOPIC, uuid4())
    refused = command(event(first), reserves=[email("f@example.com", first)], references=[missing])
    assert await log.append(refused) == Missing(missing)
    stored(await log.append(command(event(second), reserves=[email("f@example.com", second)])))


async def test_tenants_reserve_apart_but_for_what_holds_everywhere(
    log: PostgresLog, database: Database
) -> None:
    first, second = uuid4(), uuid4()
    own = [email("g@example.com", first), email("h@example.com", first, everywhere=True)]
    stored(await log.append(command(event(first), tenant=TENANT, reserves=own)))
    stored(await log.append(command(event(second), tenant=OTHER, reserves=[email("g@example.com", second)])))
    again = email("h@example.com", second, everywhere=True)
    assert await log.append(command(event(second, 2), tenant=OTHER, reserves=[again])) == Taken(again)
    await whole(database)
