"""The API on its port: one uvicorn server with bounds on connections and time, and TLS."""

import asyncio
import logging
import resource
import socket
import ssl
import sys
from collections.abc import Callable

import uvicorn

from api.kit.http.streams import Streams
from app.entry.asgi import create_app
from app.entry.garbage_collector import tune_collector
from app.entry.memory import give_back_large_pieces
from app.files.links import PATH as FILES
from app.gateway.routes import PATH as EVENTS
from app.http.connections import Crowd, HttpConnection, Patience, WebSocketConnection
from app.http.listener import listening
from app.proxies import Proxies
from app.settings import Settings
from app.telemetry.logs import configure_logs

_GRACE_SECONDS = 5
"""How long requests in flight get to finish when the server stops."""
_SPARE_FILES = 512
"""Files that a process has open beside its clients' connections, those included that are just being refused."""
_TLS_SECONDS = 10
"""How long a handshake may take, and a farewell."""

_logger = logging.getLogger(__name__)


class ApiServer(uvicorn.Server):
    """uvicorn's server with a crowd of connections that is counted and watched."""

    def __init__(self, config: uvicorn.Config, streams: Streams, crowd: Crowd) -> None:
        super().__init__(config)
        self.server_state = self._crowd = crowd
        self._streams = streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn, whose own leaves a handshake of TLS a minute."""
        assert sockets, "The caller listens."
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(3)
        loop = asyncio.get_running_loop()
        patience = _TLS_SECONDS if self.config.ssl else None
        self.servers = [
            await loop.create_server(
                self._connection,
                sock=socket,
                backlog=self.config.backlog,
                ssl=self.config.ssl,
                ssl_handshake_timeout=patience,
                ssl_shutdown_timeout=patience,
            )
            for socket in sockets
        ]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """See uvicorn; called ten times a second."""
        if counter % 10 == 0:
            self._crowd.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn; subscriptions never end by themselves, and it would wait for them."""
        await self._streams.close()
        await super().shutdown(sockets)

    def _connection(self) -> asyncio.Protocol:
        return HttpConnection(self.config, self._crowd, app_state=self.lifespan.state)


def serve(settings: Settings, listener: socket.socket | None = None) -> None:
    """Serve GraphQL until SIGINT or SIGTERM, on ``listener`` or on the settings' host and port.

    Raises EmbeddedError when nothing can listen there.
    """
    configure_logs(settings.log_level)
    with listener or listening(settings.host, settings.port) as sock:
        server = create_server(settings)
        tune_collector()
        give_back_large_pieces()
        server.run([sock])


def create_server(settings: Settings) -> ApiServer:
    """The server of the API, as these settings have it."""
    streams = Streams()
    proxies = Proxies(settings.trusted_proxies)
    config = uvicorn.Config(
        create_app(settings, streams),
        loop="uvloop",
        http=HttpConnection,
        ws=WebSocketConnection,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=proxies.names(),
        # Counted in bytes, where what the operation's own refusal counts are characters of up to four.
        ws_max_size=4 * settings.max_body_bytes,
        # Compressing every message costs more than the fan-out it would carry.
        ws_per_message_deflate=False,
        # A balancer that sends a request while its connection is being closed has lost it.
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
        ssl_context_factory=_newest if settings.tls_cert else None,
    )
    patience = Patience(
        connections=_affordable(settings.max_connections),
        each=settings.max_connections_each,
        request_seconds=settings.request_seconds,
        answer_seconds=settings.answer_seconds,
        paced=frozenset({EVENTS, FILES}),
    )
    return ApiServer(config, streams, Crowd(patience, proxies))


def _newest(config: uvicorn.Config, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _affordable(wanted: int) -> int:
    """How many connections there may be: each is an open file, of which a process may have only so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    _logger.warning("Only %d files may be open, so there may be %d connections.", soft, soft - _SPARE_FILES)
    return max(1, soft - _SPARE_FILES)
