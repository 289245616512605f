"""The circuit breaker."""

import asyncio

import pytest

from projections.kit.read.circuit_breaker import Breaker, Unavailable


class Time:
    """A clock that tests move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def fails(breaker: Breaker) -> None:
    async with breaker.guard():
        raise ConnectionRefusedError("no")


async def works(breaker: Breaker) -> None:
    async with breaker.guard():
        await asyncio.sleep(0)


def breaker_of(time: Time, *, timeout: float = 60) -> Breaker:
    return Breaker("it", faults=(), timeout=timeout, failures=2, rest=5, clock=time)


async def test_rests_after_some_failures_and_tries_again_later() -> None:
    time = Time()
    breaker = breaker_of(time)
    for _ in range(2):
        with pytest.raises(Unavailable, match="did not answer: no"):
            await fails(breaker)
    with pytest.raises(Unavailable, match="resting"):
        await works(breaker)
    time.now = 5
    await works(breaker)
    assert not breaker.resting


async def test_only_one_call_tries_again() -> None:
    time = Time()
    breaker = breaker_of(time)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await fails(breaker)
    time.now = 5
    async with breaker.guard():
        with pytest.raises(Unavailable, match="resting"):
            await works(breaker)
    await works(breaker)


async def test_too_slow_a_call_is_ended() -> None:
    breaker = breaker_of(Time(), timeout=0.001)
    with pytest.raises(Unavailable, match="TimeoutError"):
        async with breaker.guard():
            await asyncio.Event().wait()


async def test_a_mistake_passes() -> None:
    breaker = breaker_of(Time())
    with pytest.raises(ZeroDivisionError):
        async with breaker.guard():
            raise ZeroDivisionError
    await works(breaker)
