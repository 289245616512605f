"""Where files are kept, as the settings say, and for how long."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from app.files.links import SignedLinks
from app.files.store import ObjectFiles, swept
from app.keys import KeyRing
from app.settings import Settings, SettingsError
from domain.kit.clock import SystemClock
from domain.kit.process.files import KEPT

_logger = logging.getLogger(__name__)
_S3 = "s3://"
_EVERY = 3600.0
"""Seconds between two times that old files are removed."""


def object_store(settings: Settings) -> ObjectStore:
    """The store that HEADWATER_FILES names. S3's keys, region and endpoint are those of the process's
    environment, as AWS has them. Raises SettingsError."""
    place = settings.files
    try:
        if place.startswith(_S3):
            return S3Store.from_url(place, copy_if_not_exists="multipart")
    except (BaseError, ValueError) as error:
        raise SettingsError(f"HEADWATER_FILES cannot be used: {error}.") from error
    if "://" in place:
        raise SettingsError("HEADWATER_FILES must be a folder, or s3:// with a bucket.")
    folder = Path(place) if place else settings.data_dir / "files"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalStore(folder)


def files_of(settings: Settings, ring: KeyRing) -> ObjectFiles:
    """The files of the tenants of one database."""
    return ObjectFiles(object_store(settings), ring)


def links_of(settings: Settings) -> SignedLinks:
    """The links to all files."""
    return SignedLinks(bytes.fromhex(settings.derive("file links")), SystemClock())


async def keep_files(settings: Settings) -> None:
    """Remove files when their time is over, until cancelled."""
    objects = object_store(settings)
    while True:
        try:
            await swept(objects, before=datetime.now(UTC) - KEPT)
        except Exception:
            _logger.warning("Old files cannot be removed for now.", exc_info=True)
        await asyncio.sleep(_EVERY)
