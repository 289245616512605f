"""Addresses that are proved after their tenant was moved to a database of its own are proved there."""

from collections.abc import Awaitable, Callable

from domain.kit.tenants import Placement
from projections.operations.tenant_placements import PlacementRequest
from tests.auth.people import Person, proved, registered
from tests.kit.following import Worker
from tests.kit.processes import until
from tests.kit.product import Product
from tests.placement.conftest import Platform

SILO, POOLED = Placement.SILO, Placement.POOLED


def _product(platform: Platform) -> Product:
    """The same as those know it who register; its worker is at work already."""
    return Product(platform.settings, platform.http, Worker(platform.settings), [])


def _is_proved(person: Person, *, at: str) -> Callable[[], Awaitable[bool]]:
    async def proved() -> bool:
        me = (await person.client.post("{ me { email emailVerified } }")).json()
        return bool(me.get("data") and me["data"]["me"] == {"email": at, "emailVerified": True})

    return proved


async def _moved(platform: Platform, founder: Person, kind: Placement) -> None:
    assert await platform.moves(founder.client.tenant, kind) == PlacementRequest(status="ready")
    await platform.knows(founder.client)


async def test_a_founder_proves_their_address_after_the_move(platform: Platform) -> None:
    founder = await registered(_product(platform))
    await _moved(platform, founder, SILO)
    assert not await _is_proved(founder, at=founder.email)()
    await proved(_product(platform), founder)
    await until(_is_proved(founder, at=founder.email))
    await _moved(platform, founder, POOLED)
    await until(_is_proved(founder, at=founder.email))


async def test_an_address_that_comes_back_in_a_silo_is_proved_as_before(platform: Platform) -> None:
    founder = await proved(_product(platform), await registered(_product(platform)))
    await until(_is_proved(founder, at=founder.email))
    await _moved(platform, founder, SILO)
    for address, verified in (("elsewhere@example.com", False), (founder.email, True)):
        changed = await founder.client.send(
            "ChangeUserEmail", input={"id": str(founder.id), "email": address}
        )
        assert "position" in changed, changed
        if verified:
            await until(_is_proved(founder, at=address))
        else:
            assert not await _is_proved(founder, at=address)()
