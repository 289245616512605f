"""The servers that Headwater brings along: Postgres, Valkey and a search server as child processes."""

from app.embedded.attachment import attached, running
from app.embedded.process import EmbeddedError

__all__ = ["EmbeddedError", "attached", "running"]
