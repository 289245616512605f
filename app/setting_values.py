"""The value of a setting, from the text of its environment variable: what it may be, and what it must not."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from app.origins import read_origins
from app.proxies import Proxies, is_loopback

PREFIX = "HEADWATER_"


class SettingsError(Exception):
    """A setting has a value that cannot be used; the message names the variable."""


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


_SCHEMES = {
    "database_url": ("postgresql", "postgres"),
    "replica_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
    "opensearch_url": ("http", "https"),
    "key_url": ("https", "http"),
    "oidc_issuer": ("https", "http"),
    "smtp_url": ("smtp", "smtps"),
    "public_url": ("http", "https"),
}
_SECURED = ("key_url", "oidc_issuer")
_CHOICES = {
    "log_level": ("debug", "info", "warning", "error"),
    "masking": ("on", "off", "auto"),
    "graphiql": ("on", "off", "auto"),
    "internal_tls": ("on", "off", "auto"),
    "key_provider": ("file", "vault", "aws-kms"),
}
_FORMS = {
    # OpenSearch takes no other names, and keys of Redis are found by patterns. Those of a silo have a dot.
    "index_prefix": (re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}"), "small letters, digits, and ._-"),
    "redis_prefix": (re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}"), "letters, digits and _.:-"),
    "region": (re.compile(r"[!-~]([ -~]{0,48}[!-~])?"), "at most 50 characters in one line, as eu-central-1"),
}
_SWITCHES = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_RANGES = {
    "max_files_bytes": (1, 2**63 - 1),
    "port": (0, 65535),
    "demo_tasks": (1, 100_000),
    # Whoever has a turn holds one, and appends by another.
    "pool_writers": (2, 2**31 - 1),
    "after_wait_ms": (0, 60_000),
    "reconcile_hours": (0, 24 * 365),
}


def parsed(name: str, kind: type, text: str) -> Path | bool | int | str:
    """The value that a text gives a setting. Raises SettingsError with one sentence that names the variable."""
    called = variable(name)
    if kind is Path:
        return Path(text).expanduser()
    if kind is bool:
        if text.lower() not in _SWITCHES:
            raise SettingsError(f"{called} must be true or false, not {text!r}.")
        return _SWITCHES[text.lower()]
    if kind is int:
        low, high = _RANGES.get(name, (1, 2**31 - 1))
        if len(text) > 20 or not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise SettingsError(f"{called} must be a whole number from {low} to {high}, not {text!r}.")
        return int(text)
    if name in _SCHEMES:
        # The value is not repeated: an address may contain a password.
        if text.partition("://")[0] not in _SCHEMES[name]:
            raise SettingsError(f"{called} must be an address that begins with {_SCHEMES[name][0]}://.")
        if not _is_address(text):
            raise SettingsError(f"{called} is not an address: its host or its port cannot be one.")
    if (
        name in _SECURED
        and urlsplit(text).scheme == "http"
        and not is_loopback(urlsplit(text).hostname or "")
    ):
        raise SettingsError(f"{called} must begin with https://, for secrets are sent to it.")
    if name in _CHOICES and text not in _CHOICES[name]:
        raise SettingsError(f"{called} must be one of {', '.join(_CHOICES[name])}, not {text!r}.")
    if name in _FORMS and not _FORMS[name][0].fullmatch(text):
        raise SettingsError(f"{called} must be {_FORMS[name][1]}, not {text!r}.")
    if name == "secret" and len(text) < 32:
        raise SettingsError(f"{called} must have at least 32 characters.")
    if name == "trusted_proxies":
        try:
            Proxies(text)
        except ValueError:
            raise SettingsError(
                f"{called} must be addresses and networks with commas, not {text!r}."
            ) from None
    if name == "outgoing_ports":
        try:
            read_ports(text)
        except ValueError:
            raise SettingsError(
                f"{called} must be ports from 1 to 65535 with commas, as 443,8443, not {text!r}."
            ) from None
    if name == "allowed_origins":
        try:
            read_origins(text)
        except ValueError as wrong:
            raise SettingsError(
                f"{called} must be origins as browsers send them, with commas, as https://app.example.com "
                f"(no path, no *, no port that goes without saying), not {str(wrong)!r}."
            ) from None
    return text


def read_ports(text: str) -> frozenset[int]:
    """The ports that a text names, with commas. Raises ValueError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(len(part) <= 5 and part.isascii() and part.isdigit() for part in parts):
        raise ValueError
    ports = frozenset(map(int, parts))
    if min(ports) < 1 or max(ports) > 65535:
        raise ValueError
    return ports


def _is_address(text: str) -> bool:
    try:
        hosts = urlsplit(text).netloc.rpartition("@")[2]
        # Of Postgres there may be several.
        for host in hosts.split(","):
            parts = urlsplit(f"//{host}")
            _ = parts.port
            (parts.hostname or "").encode("idna")
    except ValueError:
        return False
    return True
