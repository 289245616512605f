"""Who watches this process: machines of the operators, which show a token."""

import hmac
from collections.abc import Callable

from starlette.requests import Request

from app.settings import Settings

Known = Callable[[Request], bool]
"""Whether a request comes from somebody who may see how the product stands."""


def watch_token(settings: Settings) -> str:
    """The token for ``/metrics`` and for what ``/health/ready`` has to tell; it follows from the secret."""
    return settings.derive("watching")


def watchers(settings: Settings) -> Known:
    """Know the holders of the token, sent as ``Authorization: Bearer``."""

    def known(request: Request) -> bool:
        sent = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(sent, f"Bearer {watch_token(settings)}".encode())

    return known
