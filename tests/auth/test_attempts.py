"""How attempts are counted, by which network, and how many passwords are checked at a time."""

import asyncio
import ipaddress
from uuid import uuid4

import pytest

from app.auth.credentials.devices import network_of
from app.auth.credentials.passwords import Passwords
from app.auth.credentials.throttle import PASSWORD, Attempts
from app.storage.database import Connection, Database
from tests.kit.product import Product
from tests.kit.servers import SECRET

KEY = "ab" * 32


async def test_attempts_wait_twice_as_long_each_time_within_a_window_that_slides(
    product: Product, owner: Connection
) -> None:
    database = await Database.open(product.settings.database_url, secret=SECRET, writers=1, readers=1)
    try:
        attempts, name = Attempts(database.writer, KEY), uuid4().hex
        row = attempts.fingerprint(PASSWORD.kind, name)
        earlier = (
            "update auth.attempts set moments = array(select one - $2::int * interval '1 second'"
            " from unnest(moments) one order by one) where fingerprint = $1"
        )
        pauses = []
        for _ in range(8):
            admission = await attempts.admit(PASSWORD, name)
            assert not admission.refused
            if admission.until is not None:
                assert (await attempts.admit(PASSWORD, name)).refused
                pauses.append(round((admission.until - admission.now).total_seconds()))
                await owner.execute(earlier, row, pauses[-1])
        assert pauses == [30, 60, 120, 240]
        # Five of the eight leave the window; three more mistakes are free again up to the fifth.
        await owner.execute(
            "update auth.attempts set moments = array(select case when at <= 5 then one - interval '1 day' "
            "else one end from unnest(moments) with ordinality t(one, at) order by one) where fingerprint = $1",
            row,
        )
        admission = await attempts.admit(PASSWORD, name)
        assert (admission.refused, admission.locks) == (False, False)
        assert (await attempts.admit(PASSWORD, name)).locks
    finally:
        await database.close()


async def test_a_clock_that_was_set_back_locks_nobody_out(product: Product, owner: Connection) -> None:
    database = await Database.open(product.settings.database_url, secret=SECRET, writers=1, readers=1)
    try:
        attempts, name = Attempts(database.writer, KEY), uuid4().hex
        for _ in range(5):
            await attempts.admit(PASSWORD, name)
        await owner.execute(
            "update auth.attempts set moments = array(select one + interval '1 day' from unnest(moments) one)"
            " where fingerprint = $1",
            attempts.fingerprint(PASSWORD.kind, name),
        )
        assert not (await attempts.admit(PASSWORD, name)).refused
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "other", False),
    ],
)
def test_a_customers_network_of_ipv6_is_one_place(address: str, other: str, same: bool) -> None:
    assert (network_of(address) == network_of(other)) is same


def test_every_address_of_ipv6_has_a_network() -> None:
    assert ipaddress.ip_network(network_of("2001:db8:1:2:3:4:5:6")) == ipaddress.ip_network(
        "2001:db8:1:2::/64"
    )


async def test_a_crowd_in_one_network_waits_behind_itself() -> None:
    passwords = Passwords(threads=1, each=1, line=1)
    try:
        crowd = [asyncio.create_task(passwords.right("x" * 10, "", line="crowd")) for _ in range(5)]
        assert not await passwords.right("x" * 10, "", line="somebody else")
        found = await asyncio.gather(*crowd, return_exceptions=True)
        assert [type(outcome).__name__ for outcome in found] == ["bool"] * 2 + ["PasswordsBusy"] * 3
    finally:
        passwords.close()
