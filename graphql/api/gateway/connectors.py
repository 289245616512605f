"""Connectors: what pulls data out of outside systems, and how far it is; what lets it in is never shown."""

from dataclasses import replace

import strawberry

from api.gateway.addresses import require_callable
from api.gateway.room import Room
from api.gateway.sources import Source
from api.kit.model import Node, Refusal, Resource, Sending, Sent, linked, shows
from domain.gateway.connectors import connector_commands as domain
from domain.gateway.connectors import tool_commands
from domain.gateway.connectors.connectors import MOST, TooManyConnectors
from domain.gateway.connectors.connectors import Connector as ConnectorEvents
from domain.gateway.connectors.headers import checked_header
from domain.gateway.tools.destinations import as_sealed, credential_names
from domain.kit.fields import Kept
from projections.gateway.connectors import ConnectorRow, Connectors
from projections.gateway.sources import Sources
from projections.gateway.webhook_deliveries import WebhookDesk

_Command = domain.RegisterConnector | domain.ChangeConnector | tool_commands.RegisterToolConnector
_SEE, _DO = "gateway:read", "gateway:write"


@shows(ConnectorRow, needs=_SEE, leave_out=("source_id",))
class Connector(Node):
    """An outside system whose data is pulled."""

    source = linked(Source, Sources, "source_id", "The source that what it pulls are events of.")


_connectors = Resource(Connector, Connectors, read=_SEE, write=_DO)
_connectors.filter(also=("source_id",))


_ROOM = Room(
    what="connectors",
    most=MOST,
    begins=ConnectorEvents.Registered,
    ends=ConnectorEvents.Deleted,
    full=lambda: TooManyConnectors(most=MOST),
)


async def _register(sending: Sending) -> Sent | Refusal:
    return await _ROOM.send(sending, _sealed(sending, await sending.command(domain.RegisterConnector)))


async def _register_tool(sending: Sending) -> Sent | Refusal:
    return await _ROOM.send(
        sending, _sealed(sending, await sending.command(tool_commands.RegisterToolConnector))
    )


async def _change(sending: Sending) -> Sent | Refusal:
    return await sending.send(_sealed(sending, await sending.command(domain.ChangeConnector)))


def _sealed(sending: Sending, command: _Command) -> _Command:
    """A command that carries what lets in no further than here as it was sent. Raises WebhookUrlRefused."""
    require_callable(sending, command.url)
    secrets = sending.ask.port(WebhookDesk).secrets
    if not isinstance(command, tool_commands.RegisterToolConnector) and isinstance(command.header, str):
        command = replace(command, header=secrets.seal(command.id, checked_header(command.header)))
    if isinstance(command, domain.RegisterConnector) or isinstance(command.credentials, Kept):
        return command
    return replace(
        command,
        credentials=as_sealed(secrets.seal(command.id, "\n".join(command.credentials))),
        credential_names=credential_names(command.credentials),
    )


@strawberry.type
class Query:
    connector = _connectors.by_id("A connector by id.")
    connectors = _connectors.list("The tenant's connectors, by pages.")


@strawberry.type
class Mutation:
    register_connector = _connectors.mutation(domain.RegisterConnector, send=_register)
    register_tool_connector = _connectors.mutation(
        tool_commands.RegisterToolConnector, send=_register_tool, leave_out=("credential_names",)
    )
    change_connector = _connectors.mutation(
        domain.ChangeConnector, send=_change, leave_out=("credential_names",)
    )
    pause_connector = _connectors.mutation(domain.PauseConnector)
    resume_connector = _connectors.mutation(domain.ResumeConnector)
    run_connector = _connectors.mutation(domain.RunConnector)
    delete_connector = _connectors.mutation(domain.DeleteConnector)
