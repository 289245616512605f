"""The API on its port: one uvicorn server that ends open streams before it stops."""

import socket

import uvicorn

from api.kit.streams import Streams
from app.asgi import create_app
from app.collector import tune_collector
from app.logs import configure_logs
from app.settings import Settings

_GRACE_SECONDS = 5
"""How long requests in flight get to finish when the server stops."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Subscriptions never end by themselves, and uvicorn would wait for them.
        await self._streams.close()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve GraphQL on the settings' host and port until SIGINT or SIGTERM."""
    configure_logs(settings.log_level)
    streams = Streams()
    config = uvicorn.Config(
        create_app(settings, streams),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=settings.max_body_bytes,
        # Compressing every message costs more than the fan-out it would carry.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    tune_collector()
    _Server(config, streams).run()
