"""Takes accesses along that were recorded where a tenant was, after it had been moved away from there.

A process that cannot write what it has noted holds it, and one that was stopped goes on: both record at the place
that they know. The database there notes that it holds such accesses, and every worker of the platform looks.
"""

import asyncio
import logging

from app.placement.access_copy import carry_late
from app.placement.ends import both_ends
from app.placement.registry import placements
from app.settings import Settings
from app.storage.database import Pool
from domain.kit.tenants import Placement
from projections.kit.connections import CONNECTION_FAILED

_PAUSE = 15.0
_LATE = "select tenant_id from placement.away where accesses_from is not null"

_logger = logging.getLogger(__name__)


async def keep_carrying(settings: Settings, platform: Pool, *, pause: float = _PAUSE) -> None:
    """Do `carry_all` now and again until cancelled; what fails is logged once, and tried again."""
    failing: dict[str, Exception] = {}
    while True:
        try:
            left = await carry_all(settings, platform)
            if new := sorted(left.keys() - failing.keys()):
                _logger.warning(
                    "Access records of moved tenants cannot be copied yet: %s.",
                    ", ".join(f"{slug} ({left[slug]!r})" for slug in new),
                )
            failing = left
        except CONNECTION_FAILED as error:
            _logger.warning("Cannot read which tenants' access records are still to be copied: %r", error)
        await asyncio.sleep(pause)


async def carry_all(settings: Settings, platform: Pool) -> dict[str, Exception]:
    """Take along what each tenant's former place holds. Safe to repeat, and to be killed.

    Returns what failed, by the slugs of the tenants of which one place or the other does not answer.
    """
    failing: dict[str, Exception] = {}
    late = {row["tenant_id"] for row in await platform.fetch(_LATE)}
    for place in await placements(platform):
        if place.silo is None or place.state != "ready" or place.region != settings.region:
            continue
        to = Placement(place.kind)
        # The silo that was left is asked; it may be gone.
        if to is Placement.SILO and place.tenant_id not in late:
            continue
        try:
            async with both_ends(settings, place.silo, to=to, reach=False) as ends:
                if ends is not None:
                    await carry_late(ends.source, ends.target, place.tenant_id)
        except CONNECTION_FAILED as error:
            failing[place.slug] = error
    return failing
