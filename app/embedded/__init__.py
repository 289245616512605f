"""The servers that Headwater brings along: Postgres, Valkey and a search server as child processes."""

from app.embedded.process import EmbeddedError
from app.embedded.services import Services, attached, embedded_services, running

__all__ = ["EmbeddedError", "Services", "attached", "embedded_services", "running"]
