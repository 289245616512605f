"""Clients of the servers that hold views beside Postgres: by TLS 1.3 where the address says so."""

import ssl
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from app.settings import Settings

if TYPE_CHECKING:
    from opensearchpy import AsyncOpenSearch


def redis_client(settings: Settings) -> Redis:
    """A client of Redis; ``rediss://`` is by TLS, to whom ``tls_ca`` vouches for by name."""
    if not settings.redis_url.startswith("rediss://"):
        return Redis.from_url(settings.redis_url)
    return Redis.from_url(
        settings.redis_url,
        ssl_ca_certs=settings.tls_ca or None,
        ssl_check_hostname=True,
        ssl_min_version=ssl.TLSVersion.TLSv1_3,
    )


def search_client(settings: Settings) -> "AsyncOpenSearch":
    """A client of OpenSearch; ``https://`` is by TLS, to whom ``tls_ca`` vouches for by name."""
    # Loaded where there is a search server alone: it takes a third of a second.
    from opensearchpy import AsyncOpenSearch

    if not settings.opensearch_url.startswith("https://"):
        return AsyncOpenSearch(settings.opensearch_url)
    # The library's own context does not compare names.
    context = ssl.create_default_context(cafile=settings.tls_ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return AsyncOpenSearch(settings.opensearch_url, ssl_context=context)
