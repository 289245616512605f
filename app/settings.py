"""Every setting of Headwater: one environment variable each, described where it is declared."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from app.origins import is_open_to_the_network, read_origins
from app.proxies import is_loopback
from app.server_tls import SECURE, is_private, with_authorities
from app.setting_values import PREFIX, SettingsError, parsed, variable

__all__ = [
    "PREFIX",
    "Settings",
    "SettingsError",
    "kept_secret",
    "read_settings",
    "secret_file",
    "settings_table",
]


def _default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headwater"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. A field ``max_depth`` is read from ``HEADWATER_MAX_DEPTH``.

    Beside each type stands what the setting means and, where it is not plain, how its default is shown.
    """

    data_dir: Annotated[Path, "Where the embedded servers keep their data."] = Path(".headwater")
    cache: Annotated[Path, "Where the OpenSearch distribution is kept.", "~/.cache/headwater"] = field(
        default_factory=_default_cache
    )
    host: Annotated[str, "The address the API listens on."] = "127.0.0.1"
    port: Annotated[int, "The port the API listens on."] = 8000
    tls_cert: Annotated[
        str, "The API's certificate and its chain (PEM); with it, only TLS 1.3 is spoken."
    ] = ""
    tls_key: Annotated[str, "The private key of that certificate (PEM, without a passphrase)."] = ""
    tls_ca: Annotated[
        str, "The authorities (PEM) that vouch for Postgres, Redis and OpenSearch, if not the machine's own."
    ] = ""
    internal_tls: Annotated[
        str,
        "Whether those must be reached by TLS, but on this machine: `on`, `off`, or `auto`: in production.",
    ] = "auto"
    trusted_proxies: Annotated[
        str,
        "Addresses and networks of proxies before the API, with commas; only theirs is `X-Forwarded-For`.",
    ] = ""
    allowed_origins: Annotated[
        str, "Other origins whose pages may call the API, as `https://app.example.com`, with commas."
    ] = ""
    max_connections: Annotated[int, "How many connections clients may have, in all."] = 2000
    max_connections_each: Annotated[
        int,
        "How many connections one caller (an address, or a /64 of IPv6) may have, and requests under way.",
    ] = 200
    max_subscriptions_each: Annotated[
        int, "How many subscriptions one person or service may have open in a process, over all connections."
    ] = 200
    max_subscriptions_tenant: Annotated[int, "How many those of one company may have open, all together."] = (
        2000
    )
    request_seconds: Annotated[int, "How long a request may take to arrive."] = 20
    keep_alive_seconds: Annotated[
        int, "How long a connection without a request is kept: longer than by a load balancer in front."
    ] = 75
    answer_seconds: Annotated[int, "How long an answer may wait for a client that does not take it."] = 30
    database_url: Annotated[str, "A Postgres 18 of your own, as its owner; none is started then."] = ""
    replica_url: Annotated[
        str, "A Postgres into which `headwater replicate` copies the log, and nothing else is."
    ] = ""
    redis_url: Annotated[str, "A Redis or Valkey of your own; none is started then."] = ""
    opensearch_url: Annotated[str, "An OpenSearch 3 of your own; none is started then."] = ""
    pool_writers: Annotated[
        int, "Connections to Postgres of a process that append and fold, at most: two or more."
    ] = 8
    pool_readers: Annotated[int, "Connections to Postgres of a process that read, at most."] = 16
    index_prefix: Annotated[str, "What the names of search indexes begin with."] = "hw"
    redis_prefix: Annotated[str, "What keys in Redis begin with."] = "hw"
    secret: Annotated[
        str, "Signs tokens and derives passwords; at least 32 characters.", "random, kept in the data folder"
    ] = ""
    key_provider: Annotated[str, "Who keeps the master key: `file`, `vault` or `aws-kms`."] = "file"
    key_file: Annotated[
        str, "The file of master keys; the same for every process.", "`keys/master.json` in the data folder"
    ] = ""
    key_id: Annotated[
        str, "The master key's name in Vault, or its id, ARN or alias in AWS KMS.", "`headwater` in Vault"
    ] = ""
    key_url: Annotated[str, "Vault's address, or an address of AWS KMS other than AWS's own."] = ""
    demo_tasks: Annotated[
        int, "How many tasks the larger company of the demo gets; with fewer, the first start is sooner."
    ] = 5000
    environment: Annotated[str, "Names the deployment; `production` insists on a secret."] = "development"
    region: Annotated[str, "Where this runs; events carry it."] = "local"
    masking: Annotated[
        str, "Whether personal data of others are masked: `on`, `off`, or `auto`: unless in production."
    ] = "auto"
    max_body_bytes: Annotated[int, "The largest request body in bytes."] = 1024 * 1024
    introspection: Annotated[bool, "Whether clients may ask for the schema."] = True
    strict_permissions: Annotated[
        bool, "Whether a query is refused as a whole for want of a permission, rather than answered in part."
    ] = False
    graphiql: Annotated[str, "Whether GraphiQL is at `/`: `on`, `off`, or `auto`: unless in production."] = (
        "auto"
    )
    max_depth: Annotated[int, "How deep a GraphQL document may nest."] = 12
    max_aliases: Annotated[int, "How many aliases a GraphQL document may have."] = 30
    max_tokens: Annotated[int, "How many tokens a GraphQL document may have."] = 2000
    max_cost: Annotated[int, "The highest computed cost of a GraphQL operation."] = 10_000
    append_wait_seconds: Annotated[
        int, "How long a command waits for a database that fails over, before it is told that it is away."
    ] = 30
    after_wait_ms: Annotated[int, "How long a read waits for its `afterPosition`, in milliseconds."] = 2000
    invitations_per_day: Annotated[int, "How many people one tenant may invite within 24 hours."] = 100
    ingest_events_per_second: Annotated[
        int, "How many events a second each process of the API takes of one source, on average."
    ] = 5_000
    files: Annotated[
        str,
        "Where files are kept that are imported: a folder that all processes share, or `s3://` with a bucket.",
        "`files` in the data folder",
    ] = ""
    max_file_bytes: Annotated[int, "The largest file that may be sent, in bytes."] = 1024 * 1024 * 1024
    max_files_bytes: Annotated[int, "The bytes that the files of one tenant may have in all."] = 20 * 1024**3
    resume_events: Annotated[
        int, "How many events of its tenant a subscription may go back; beyond it must read the state again."
    ] = 10_000
    smtp_url: Annotated[
        str,
        "The server that sends mail: `smtp://name:password@host:587` or `smtps://host`; none means files.",
    ] = ""
    mail_from: Annotated[str, "Whom mail comes from: an address, maybe with a name before it."] = (
        "Headwater <no-reply@localhost>"
    )
    public_url: Annotated[
        str, "The address that links in mails begin with.", "`http://` with host and port"
    ] = ""
    oidc_issuer: Annotated[str, "Another provider of identities, by its issuer; none means none."] = ""
    oidc_client_id: Annotated[str, "Who Headwater is to that provider."] = ""
    oidc_client_secret: Annotated[str, "Proves it to that provider."] = ""
    rollback_minutes: Annotated[
        int, "How long the former generation of a rebuilt view is kept, to roll back to."
    ] = 24 * 60
    reconcile_hours: Annotated[
        int, "How often each view is compared with the log, in hours; 0: only by `headwater reconcile`."
    ] = 24
    reconcile_repair: Annotated[bool, "Whether rows that such a comparison finds to differ are repaired."] = (
        False
    )
    outgoing_ports: Annotated[
        str, "The ports that may be called on behalf of tenants, as for webhooks, with commas; always by TLS."
    ] = "443"
    outgoing_loopback: Annotated[
        bool, "Whether tenants may have this machine itself called, on any port and without TLS: to develop."
    ] = False
    log_level: Annotated[str, "`debug`, `info`, `warning` or `error`."] = "info"

    def derive(self, purpose: str) -> str:
        """A password or key for one purpose: 64 hexadecimal digits that follow from the secret.

        Raises SettingsError when there is no secret (nothing has been run in this data folder).
        """
        if not self.secret:
            raise SettingsError(
                f"{PREFIX}SECRET is not set, and {secret_file(self.data_dir)} does not exist."
            )
        return hmac.new(self.secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    @property
    def masks(self) -> bool:
        """Whether the personal data of others are masked for everybody."""
        return self.masking == "on" or (self.masking == "auto" and self.environment != "production")

    @property
    def shows_graphiql(self) -> bool:
        """Whether the page for developers is served."""
        return self.graphiql == "on" or (self.graphiql == "auto" and self.environment != "production")

    @property
    def rollback(self) -> timedelta:
        """``rollback_minutes`` as a length of time."""
        return timedelta(minutes=self.rollback_minutes)

    @property
    def reconcile_every(self) -> timedelta:
        """``reconcile_hours`` as a length of time."""
        return timedelta(hours=self.reconcile_hours)

    def environ(self) -> dict[str, str]:
        """These settings as environment variables, for a child process."""
        return {variable(item.name): _text(getattr(self, item.name)) for item in fields(self)}


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in ``environ`` (the process's own by default), checked.

    An empty variable counts as unset. The secret falls back to the one that ``headwater run`` keeps in the
    data folder. Raises SettingsError with one sentence that names the variable.
    """
    source = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for name, (kind, *_) in _DECLARED.items():
        if text := source.get(variable(name), "").strip():
            values[name] = parsed(name, kind, text)
    settings = Settings(**values)
    if not settings.secret and settings.environment == "production":
        raise SettingsError(f"{PREFIX}SECRET must be set when {PREFIX}ENVIRONMENT is production.")
    for name in ("database_url", "replica_url"):
        values[name] = with_authorities(getattr(settings, name), settings.tls_ca)
    for name in SECURE:
        _require_private(settings, name, getattr(settings, name), variable(name))
    if settings.oidc_issuer and not settings.public_url and not is_loopback(settings.host):
        raise SettingsError(
            f"{PREFIX}PUBLIC_URL must be set for {PREFIX}OIDC_ISSUER: people are sent back to it."
        )
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY belong together; one is not set.")
    if settings.environment == "production":
        for origin in sorted(read_origins(settings.allowed_origins)):
            if is_open_to_the_network(origin):
                raise SettingsError(
                    f"{PREFIX}ALLOWED_ORIGINS must begin with https:// in production, unlike {origin}."
                )
        if settings.outgoing_loopback:
            raise SettingsError(f"{PREFIX}OUTGOING_LOOPBACK must not be on in production.")
    if not settings.public_url and settings.environment == "production":
        raise SettingsError(
            f"{PREFIX}PUBLIC_URL must be set when {PREFIX}ENVIRONMENT is production: mailed links lead there."
        )
    if not settings.secret and (kept := secret_file(settings.data_dir)).exists():
        values["secret"] = kept.read_text().strip()
    return Settings(**values)


def replica_address(settings: Settings, given: str | None) -> str:
    """The address of a copy of the log: the given one, or else that of the settings, which may be empty. Raises
    SettingsError for one that the settings could not have either."""
    if given is None:
        return settings.replica_url
    try:
        parsed("replica_url", str, given)
    except SettingsError as wrong:
        raise SettingsError(str(wrong).replace(variable("replica_url"), "--to")) from None
    _require_private(settings, "replica_url", given, "--to")
    return with_authorities(given, settings.tls_ca)


def _require_private(settings: Settings, name: str, url: str, called: str) -> None:
    """Raise SettingsError for an address that somebody between could read along, where that must not be."""
    insists = settings.internal_tls == "on" or (
        settings.internal_tls == "auto" and settings.environment == "production"
    )
    if insists and not is_private(url):
        raise SettingsError(f"{called} must be by TLS ({SECURE[name]}), or {PREFIX}INTERNAL_TLS be `off`.")


def secret_file(data_dir: Path) -> Path:
    """Where ``headwater run`` keeps the secret that it made up."""
    return data_dir / "secret"


def kept_secret(data_dir: Path) -> str:
    """The secret of a data folder, made up and kept there (mode 0600) the first time."""
    file = secret_file(data_dir)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(48) + "\n")
    except FileExistsError:
        pass
    return file.read_text().strip()


def settings_table() -> Iterator[tuple[str, str, str]]:
    """Variable, default and meaning of every setting, for the documentation."""
    defaults = {item.name: item.default for item in fields(Settings)}
    for name, (_, meaning, *shown) in _DECLARED.items():
        yield variable(name), shown[0] if shown else _text(defaults[name]), meaning


_DECLARED = {
    name: (declared.__origin__, *declared.__metadata__)
    for name, declared in get_type_hints(Settings, include_extras=True).items()
}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
