"""Opens the key ring that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.keys.file import FileMaster
from app.keys.key_provider import Master
from app.keys.kms import KmsMaster
from app.keys.provider_migration import KeyProviderMigration
from app.keys.ring import KeyRing
from app.settings import PREFIX, Settings, SettingsError
from app.storage.database import Database, Pool


@asynccontextmanager
async def opened_ring(settings: Settings, database: Database) -> AsyncIterator[KeyRing]:
    """The key ring of a process, closed at the end.

    Raises SettingsError for settings that name no master key, KeyRefused for one that does not fit what is
    stored, KeysUnavailable when its keeper does not answer.
    """
    ring = KeyRing(database, await master_of(settings, database.writer))
    try:
        await ring.start()
        yield ring
    finally:
        await ring.close()


async def master_of(settings: Settings, pool: Pool) -> Master:
    """The keeper of the master key that the settings name; a key file is made while nothing is wrapped yet.

    Raises SettingsError when they do not name one.
    """
    file = FileMaster(key_file(settings))
    master: Master
    match settings.key_provider:
        case "vault":
            # Loads an HTTP client, which whoever keeps keys elsewhere need not wait for.
            from app.keys.vault import VaultMaster

            master = VaultMaster(_given(settings.key_url, "KEY_URL"), key=settings.key_id or "headwater")
        case "aws-kms":
            master = KmsMaster(_given(settings.key_id, "KEY_ID"), url=settings.key_url or None)
        case _:
            # A new file is of no use where keys are wrapped already, and would hide that the old one is missing.
            if not await pool.fetchval("select exists (select from keys.tenant_keys)"):
                file.make()
            return file
    return KeyProviderMigration(master, file) if key_file(settings).exists() else master


def key_file(settings: Settings) -> Path:
    """Where the key file is."""
    return (
        Path(settings.key_file).expanduser() if settings.key_file else settings.data_dir / "keys/master.json"
    )


def _given(value: str, name: str) -> str:
    if not value:
        raise SettingsError(f"{PREFIX}{name} must be set for this {PREFIX}KEY_PROVIDER.")
    return value
