"""Has the views compared with the log from time to time, as the settings say."""

import asyncio
import logging

from app.settings import Settings
from app.storage.database import Pool
from app.storage.stores import Stores
from projections.kit.rebuild.schedule import compare_when_due

_PAUSE = 60.0
_logger = logging.getLogger(__name__)


async def keep_comparing(settings: Settings, pool: Pool, stores: Stores, *, pause: float = _PAUSE) -> None:
    """Ask for one view after the other, until it is cancelled. A failure is logged, and the next time counts."""
    if not settings.reconcile_hours:
        return
    views = [type(view) for view in stores.views]
    while True:
        try:
            await compare_when_due(
                pool, views, every=settings.reconcile_every, repair=settings.reconcile_repair
            )
        except Exception:
            _logger.exception("The scheduled comparison of views could not be requested.")
        await asyncio.sleep(pause)
