"""TLS: the API speaks the newest version and no other, and its clients look whom they speak to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from opensearchpy.exceptions import ConnectionError as SearchAway
from redis.exceptions import ConnectionError as RedisAway

from app.server_tls import is_private, with_authorities
from app.settings import Settings, SettingsError, read_settings
from app.storage.certificates import make_certificates
from app.storage.clients import redis_client, search_client
from app.storage.database import role_url
from tests.kit.product import PRODUCT, running


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of one authority for `localhost` and `elsewhere`, and in `other` of another one."""
    folder = tmp_path_factory.mktemp("tls")
    assert make_certificates(folder, {"server": None, "elsewhere.example": None})
    assert make_certificates(folder / "other", {"server": None})
    assert not make_certificates(folder, {"server": None})
    return folder


def test_a_key_is_its_servers_alone(certificates: Path) -> None:
    assert [oct(file.stat().st_mode)[-3:] for file in certificates.glob("*/key.pem")] == ["600", "600"]
    assert not list(certificates.glob("ca/*key*"))


@pytest.fixture(scope="module")
async def secured(settings: Settings, certificates: Path) -> AsyncIterator[str]:
    """The API with a certificate; its address by name."""
    own = certificates / "server"
    more: dict[str, Any] = {"tls_cert": str(own / "cert.pem"), "tls_key": str(own / "key.pem")}
    async with running(replace(settings, **{**PRODUCT, **more})) as url:
        yield f"https://localhost:{urlsplit(url).port}"


def trusting(certificates: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates / "ca" / "ca.pem"))
    context.maximum_version = newest
    return context


async def test_the_newest_version_is_spoken_and_browsers_are_told_to_stay(
    secured: str, certificates: Path
) -> None:
    async with httpx.AsyncClient(verify=trusting(certificates), timeout=120) as client:
        answer = await client.get(f"{secured}/health/live")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_a_handshake_at_1_2_is_refused(secured: str, certificates: Path) -> None:
    older = trusting(certificates, ssl.TLSVersion.TLSv1_2)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await asyncio.open_connection("localhost", urlsplit(secured).port, ssl=older)


async def test_nobody_is_answered_in_the_clear(secured: str) -> None:
    async with httpx.AsyncClient(timeout=120) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{secured.replace('https', 'http')}/health/live")


@asynccontextmanager
async def terminated(certificate: Path | None, there: str) -> AsyncIterator[int]:
    """A proxy that ends TLS 1.3 before a server at this address, or is in the clear; its port."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        where = urlsplit(there)
        if where.scheme == "unix":
            back, forth = await asyncio.open_unix_connection(where.path)
        else:
            back, forth = await asyncio.open_connection(where.hostname, where.port)
        await asyncio.gather(copy(reader, forth), copy(back, writer))

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server = await asyncio.start_server(handle, "localhost", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_redis_is_reached_by_tls_and_no_one_elses(redis_url: str, certificates: Path) -> None:
    own = str(certificates / "ca" / "ca.pem")
    for name, authorities, right in (
        ("server", own, True),
        ("elsewhere.example", own, True),
        ("other/server", own, False),
        ("server", "", False),
    ):
        async with terminated(certificates / name, redis_url) as port:
            client = redis_client(Settings(redis_url=f"rediss://localhost:{port}", tls_ca=authorities))
            if right:
                assert await client.ping()
            else:
                with pytest.raises(RedisAway, match="certificate verify failed"):
                    await client.ping()
            await client.aclose()
        async with terminated(certificates / name, redis_url) as port:
            # No certificate is for this name.
            client = redis_client(Settings(redis_url=f"rediss://127.0.0.1:{port}", tls_ca=authorities))
            with pytest.raises(RedisAway, match="certificate verify failed"):
                await client.ping()
            await client.aclose()


async def test_search_is_reached_by_tls_and_no_one_elses(osmem_url: str, certificates: Path) -> None:
    own = str(certificates / "ca" / "ca.pem")
    for host, name, authorities, right in (
        ("localhost", "server", own, True),
        ("127.0.0.1", "server", own, False),
        ("localhost", "other/server", own, False),
        ("localhost", "server", "", False),
    ):
        async with terminated(certificates / name, osmem_url) as port:
            client = search_client(Settings(opensearch_url=f"https://{host}:{port}", tls_ca=authorities))
            if right:
                assert await client.cluster.health()
            else:
                with pytest.raises(SearchAway):
                    await client.cluster.health()
            await client.close()


async def test_postgres_is_asked_for_tls_and_nothing_else_is_said_without(
    database_url: str, certificates: Path
) -> None:
    """The embedded Postgres has no TLS, so that it is a server that refuses it: nobody goes on in the clear."""
    own = str(certificates / "ca" / "ca.pem")
    parts = urlsplit(database_url)
    async with terminated(None, f"unix://{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432") as port:
        url = f"postgresql://{parts.username}@localhost:{port}{parts.path}"
        await (await asyncpg.connect(url, timeout=120)).close()
        with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
            await asyncpg.connect(with_authorities(f"{url}?sslmode=verify-full", own), timeout=120)


def test_the_address_of_postgres_says_who_vouches_for_it_for_every_role() -> None:
    url = with_authorities("postgresql://o:p@db:5432/x?sslmode=verify-full", "/tls/ca.pem")
    for address in (url, role_url(url, "headwater_reader", "s" * 40)):
        assert "sslmode=verify-full&ssl_min_protocol_version=TLSv1.3&sslrootcert=%2Ftls%2Fca.pem" in address
    assert with_authorities(url, "/tls/other.pem") == url
    assert with_authorities("postgresql://db/x", "/tls/ca.pem") == "postgresql://db/x"


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("", True),
        ("postgresql://db/x", False),
        ("postgresql://db/x?sslmode=require", False),
        ("postgresql://db/x?sslmode=verify-ca", False),
        ("postgresql://db/x?sslmode=verify-full", True),
        ("postgresql://db/x?sslmode=verify-full&sslmode=disable", False),
        ("postgresql://o@/x?host=%2Frun&port=5432", True),
        ("postgresql://o@/x?host=%2Frun,db", False),
        ("postgresql://127.0.0.1/x", True),
        ("postgresql:///x", False),
        ("redis://valkey:6379/0", False),
        ("redis://localhost", True),
        ("rediss://valkey", True),
        ("unix:///run/valkey.sock", True),
        ("http://opensearch:9200", False),
        ("http://[::1]:9200", True),
        ("https://opensearch:9200", True),
    ],
)
def test_what_somebody_could_read_along_is_known(url: str, private: bool) -> None:
    assert is_private(url) is private


@pytest.mark.parametrize(
    ("name", "url"),
    [("DATABASE_URL", "postgresql://db/x"), ("REDIS_URL", "redis://r"), ("OPENSEARCH_URL", "http://s:9200")],
)
def test_production_does_not_start_with_servers_in_the_clear(name: str, url: str) -> None:
    environ = {
        "HEADWATER_ENVIRONMENT": "production",
        "HEADWATER_SECRET": "s" * 40,
        "HEADWATER_PUBLIC_URL": "https://headwater.example",
        f"HEADWATER_{name}": url,
    }
    with pytest.raises(SettingsError, match=f"HEADWATER_{name} must be by TLS"):
        read_settings(environ)
    assert read_settings({**environ, "HEADWATER_INTERNAL_TLS": "off"}).secret
    assert read_settings({**environ, "HEADWATER_ENVIRONMENT": "staging"}).secret
