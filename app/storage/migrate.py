"""Brings a database to the newest durable schema, with the two roles that the application uses."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

import migrations
from app.storage.database import READER, WRITER, Connection, plain_url, role_password

if TYPE_CHECKING:
    from sqlalchemy import Connection as Synchronous

VERSIONS = Path(migrations.__file__).parent / "versions"
_LOCK = 7311902764003


class MigrationRefused(Exception):
    """The database is not in a state that can be migrated."""


async def migrate(
    owner_url: str, *, secret: str, versions: Path = VERSIONS, new_secret: bool = False
) -> None:
    """Make roles and schema as they should be; does nothing when they are. Safe to run twice at once.

    Raises MigrationRefused when the server's roles follow from another secret, unless it is a ``new_secret``
    that is to take its place: processes with the old one could not connect any more.
    """
    await _alone(owner_url, secret, "head", versions, up=True, new_secret=new_secret)


async def revert(owner_url: str, *, secret: str, to: str, versions: Path = VERSIONS) -> None:
    """Go back to a revision, or to ``base``, which drops the log with all it holds."""
    await _alone(owner_url, secret, to, versions, up=False)


async def _alone(
    owner_url: str, secret: str, to: str, versions: Path, *, up: bool, new_secret: bool = False
) -> None:
    # Few processes migrate, and all would start later for it.
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    url = plain_url(owner_url)
    guard = await asyncpg.connect(url)
    try:
        # Polled, not waited for: a waiting statement holds a snapshot, and an index that the other
        # process builds concurrently would wait for that snapshot, and so both for ever.
        while not await guard.fetchval("select pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for role in (WRITER, READER):
            await _ensure_role(guard, role, role_password(secret, role), new_secret=new_secret)
        await guard.execute("create schema if not exists es")
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
        )
        try:
            async with engine.connect() as connection:
                await connection.run_sync(_run, to, versions, up)
        finally:
            await engine.dispose()
    finally:
        await guard.close()


def _run(connection: "Synchronous", to: str, versions: Path, up: bool) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    (command.upgrade if up else command.downgrade)(config, to)


async def _ensure_role(connection: Connection, role: str, password: str, *, new_secret: bool) -> None:
    """Create the role or renew its password. Roles are shared by all databases of a server."""
    # Says whose password it is without saying the password, which is 256 bits of an HMAC.
    mark = f"headwater {hashlib.sha256(password.encode()).hexdigest()[:16]}"
    for _ in range(50):
        known = await connection.fetchrow(
            """select rolsuper or rolbypassrls as unbound, shobj_description(oid, 'pg_authid') as mark
                 from pg_roles where rolname = $1""",
            role,
        )
        if known is not None and known["unbound"]:
            raise MigrationRefused(f"The role {role} may bypass row-level security; take that right from it.")
        if known is not None and (known["mark"] or mark) != mark and not new_secret:
            raise MigrationRefused(
                f"The role {role} of this Postgres belongs to a Headwater with another HEADWATER_SECRET. Set "
                "that one, or run `headwater migrate --new-secret` to lock out whoever uses it."
            )
        verb = "create" if known is None else "alter"
        try:
            await connection.execute(
                f"{verb} role {role} login password '{_verifier(password)}'; comment on role {role} is '{mark}'"
            )
            return
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError, asyncpg.InternalServerError):
            # Another database of this server is being migrated and has just written the same row.
            await asyncio.sleep(secrets.randbelow(50) / 1000)
    raise MigrationRefused(f"The role {role} is being changed by others all the time.")


def _verifier(password: str) -> str:
    """The SCRAM-SHA-256 verifier of RFC 5803, so that the password itself reaches no server log."""
    salt, rounds = secrets.token_bytes(16), 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encode = base64.b64encode
    return (
        f"SCRAM-SHA-256${rounds}:{encode(salt).decode()}${encode(client).decode()}:{encode(server).decode()}"
    )
