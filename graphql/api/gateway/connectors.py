"""Connectors: what pulls data out of outside systems, and how far it is; what lets it in is never shown."""

from dataclasses import replace

import strawberry

from api.gateway.sources import Source
from api.kit.model import Node, Refusal, Resource, Sending, Sent, linked, shows
from domain.gateway.connectors import connector_commands as domain
from domain.gateway.connectors.connectors import MOST, TooManyConnectors
from domain.gateway.connectors.headers import checked_header
from domain.gateway.detection.ports import DefinitionTurns
from domain.gateway.webhooks import WebhookUrlRefused
from projections.gateway.connectors import ConnectorRow, Connectors
from projections.gateway.sources import Sources
from projections.gateway.webhook_deliveries import WebhookDesk

_SEE, _DO = "gateway:read", "gateway:write"


@shows(ConnectorRow, needs=_SEE, leave_out=("source_id",))
class Connector(Node):
    """An outside system whose data is pulled."""

    source = linked(Source, Sources, "source_id", "The source that what it pulls are events of.")


_connectors = Resource(Connector, Connectors, read=_SEE, write=_DO)
_connectors.filter(also=("source_id",))


async def _register(sending: Sending) -> Sent | Refusal:
    command = await sending.command(domain.RegisterConnector)
    ask = sending.ask
    tenant_id = ask.caller.tenant_id
    async with ask.port(DefinitionTurns).turn(tenant_id):  # type: ignore[type-abstract]
        if not await sending.was_executed() and await ask.services.rows.count(Connectors, tenant_id) >= MOST:
            raise TooManyConnectors(most=MOST)
        return await _sealed(sending, command)


async def _change(sending: Sending) -> Sent | Refusal:
    return await _sealed(sending, await sending.command(domain.ChangeConnector))


async def _sealed(
    sending: Sending, command: domain.RegisterConnector | domain.ChangeConnector
) -> Sent | Refusal:
    """What comes of a command whose header goes no further than here as it was sent."""
    desk = sending.ask.port(WebhookDesk)
    if isinstance(command.url, str) and (reason := desk.refusal_of(command.url.strip())):
        raise WebhookUrlRefused(reason=reason, field="url")
    if isinstance(command.header, str):
        sealed = desk.secrets.seal(command.id, checked_header(command.header))
        command = replace(command, header=sealed)
    return await sending.send(command)


@strawberry.type
class Query:
    connector = _connectors.by_id("A connector by id.")
    connectors = _connectors.list("The tenant's connectors, by pages.")


@strawberry.type
class Mutation:
    register_connector = _connectors.mutation(domain.RegisterConnector, send=_register)
    change_connector = _connectors.mutation(domain.ChangeConnector, send=_change)
    pause_connector = _connectors.mutation(domain.PauseConnector)
    resume_connector = _connectors.mutation(domain.ResumeConnector)
    run_connector = _connectors.mutation(domain.RunConnector)
    delete_connector = _connectors.mutation(domain.DeleteConnector)
