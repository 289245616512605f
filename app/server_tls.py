"""How the addresses of Postgres, Redis and OpenSearch say that nobody between reads along."""

from urllib.parse import parse_qs, urlencode, urlsplit

from app.proxies import is_loopback

SECURE = {
    "database_url": "?sslmode=verify-full",
    "replica_url": "?sslmode=verify-full",
    "redis_url": "rediss://",
    "opensearch_url": "https://",
}
"""The settings that hold such addresses, and what makes them secure."""


def is_private(url: str) -> bool:
    """Whether nobody reads along: by TLS, with the name compared, or on this machine. An empty address is."""
    parts = urlsplit(url)
    if parts.scheme in ("", "unix", "rediss", "https"):
        return True
    query = parse_qs(parts.query)
    if query.get("sslmode", [""])[-1] == "verify-full":
        return True
    # The host of a URL of Postgres may stand in its query, and several be in either.
    hosts = [parts.hostname or "", *(host for many in query.get("host", []) for host in many.split(","))]
    named = [host for host in hosts if host]
    return bool(named) and all(host.startswith("/") or is_loopback(host) for host in named)


def with_authorities(url: str, authorities: str) -> str:
    """A URL of Postgres that insists on TLS, with who vouches for the server, and in no older version than 1.3."""
    parameters = parse_qs(urlsplit(url).query)
    if "sslmode" not in parameters:
        return url
    more = {"ssl_min_protocol_version": "TLSv1.3"} | ({"sslrootcert": authorities} if authorities else {})
    added = {name: value for name, value in more.items() if name not in parameters}
    return f"{url}&{urlencode(added)}" if added else url
