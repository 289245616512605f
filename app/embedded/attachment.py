"""Finds the servers that run on a data folder, or has them started for a single command."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from app.embedded.folder import begun, in_use
from app.embedded.process import EmbeddedError
from app.settings import PREFIX, Settings, SettingsError

ANNOUNCEMENT = "servers.json"


def running(settings: Settings) -> Settings | None:
    """``settings`` with the addresses of the servers that run on its data folder now, or None."""
    folder = settings.data_dir.absolute()
    if not in_use(folder):
        return None
    try:
        addresses = json.loads((folder / ANNOUNCEMENT).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return replace(settings, **addresses)


@asynccontextmanager
async def attached(settings: Settings, *, stores: bool = False, new: bool = False) -> AsyncIterator[Settings]:
    """``settings`` with the addresses of the servers that run, or of ones started for this block alone.

    Only Postgres is looked for, unless ``stores`` asks for Redis and OpenSearch as well. In a folder where nothing
    was ever run nothing is made, unless it is to be ``new``. Raises EmbeddedError or SettingsError.
    """
    if settings.database_url:
        if stores and not settings.redis_url:
            raise SettingsError(f"{PREFIX}REDIS_URL is not set, though {PREFIX}DATABASE_URL is.")
        yield settings
        return
    if (found := running(settings)) is not None:
        yield found
        return
    if not (new or begun(settings.data_dir)):
        raise EmbeddedError(
            f"Nothing has been run in {settings.data_dir} yet: `headwater run` begins there, "
            f"or {PREFIX}DATABASE_URL names a database."
        )
    from app.embedded.services import embedded_services

    async with embedded_services(settings, stores=stores) as services:
        yield services.settings(settings)
