"""OpenTelemetry spans from request over command and append to fold; without an exporter they cost nothing."""

import importlib.util
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.kit.bus.bus import Bus
from domain.kit.bus.requests import SentTogether
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.log import Append, AppendReceipt, Envelope, Outcome
from domain.kit.refusals import Refusal
from projections.kit.follow.watch import Watch

_logger = logging.getLogger(__name__)
_tracer = trace.get_tracer("headwater")
_propagator = TraceContextTextMapPropagator()

O = TypeVar("O")  # noqa: E741

_MOST_LINKS = 64
"""Links of one fold span: a page may hold thousands of events."""


def start_tracing(service: str, exporter: SpanExporter | None = None) -> bool:
    """Begin to trace when OTEL_EXPORTER_OTLP_ENDPOINT is set and an OTLP exporter is installed.

    Answers whether it did; ``exporter`` takes the place of the one that the environment names.
    """
    exporter = exporter or _exporter()
    if exporter is None:
        return False
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return True


def _exporter() -> SpanExporter | None:
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    name = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    try:
        found = importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        _logger.warning("Nothing is traced: opentelemetry-exporter-otlp-proto-http is not installed.")
        return None
    exporter = importlib.import_module(name).OTLPSpanExporter()
    assert isinstance(exporter, SpanExporter)
    return exporter


def traceparent() -> dict[str, str]:
    """The trace at hand, for the metadata of a command's events; empty when nothing is traced."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return {"traceparent": carrier["traceparent"]} if "traceparent" in carrier else {}


class TracedRequests:
    """ASGI middleware: a span for every HTTP request, as a part of the trace that the client names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with _tracer.start_as_current_span(
            f"{scope['method']} {scope['path']}", context=extract(headers), kind=SpanKind.SERVER
        ):
            await self._app(scope, receive, send)


class TracedBus(Bus):
    """The bus, with a span for every command, named as the command is stored."""

    async def send(
        self,
        command: Command,
        *,
        by: Caller,
        command_id: UUID | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
        expected_version: int | None = None,
    ) -> AppendReceipt | Refusal:
        """Send in a span that the events' metadata leads back to."""
        with _tracer.start_as_current_span(command.stored_as) as span:
            outcome = await super().send(
                command,
                by=by,
                command_id=command_id,
                correlation_id=correlation_id,
                causation_id=causation_id,
                metadata={**(metadata or {}), **traceparent()},
                expected_version=expected_version,
            )
            span.set_attribute("headwater.refused", outcome.code if isinstance(outcome, Refusal) else "")
            return outcome

    async def send_all(
        self,
        commands: Sequence[SentTogether],
        *,
        by: Caller,
        correlation_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> list[AppendReceipt]:
        """Send several in a span that the events' metadata leads back to."""
        with _tracer.start_as_current_span("commands") as span:
            span.set_attribute("headwater.commands", len(commands))
            return await super().send_all(
                commands,
                by=by,
                correlation_id=correlation_id,
                metadata={**(metadata or {}), **traceparent()},
            )


def traced_append(append: Callable[[Append], Awaitable[Outcome]]) -> Callable[[Append], Awaitable[Outcome]]:
    """The same append inside a span."""

    async def traced(command: Append) -> Outcome:
        with _tracer.start_as_current_span("append") as span:
            span.set_attribute("headwater.events", len(command.events))
            span.set_attribute("headwater.command_id", str(command.command_id))
            return await append(command)

    return traced


def traced_appends(
    name: str, append: Callable[[Sequence[Append]], Awaitable[Sequence[O]]]
) -> Callable[[Sequence[Append]], Awaitable[Sequence[O]]]:
    """The same append of several commands inside one span of this name."""

    async def traced(commands: Sequence[Append]) -> Sequence[O]:
        with _tracer.start_as_current_span(name) as span:
            span.set_attribute("headwater.commands", len(commands))
            span.set_attribute("headwater.events", sum(len(command.events) for command in commands))
            return await append(commands)

    return traced


class TracedFolds(Watch):
    """A span for every page that a view folds, linked to the commands whose events are in it."""

    def folded(self, view: str, events: Sequence[Envelope], position: int, seconds: float) -> None:
        if not events:
            return
        end = time.time_ns()
        span = _tracer.start_span(
            f"fold {view}",
            links=_links(events),
            attributes={"headwater.position": position, "headwater.events": len(events)},
            start_time=end - int(seconds * 1e9),
        )
        span.end(end)


class _Metadata(msgspec.Struct):
    traceparent: str | None = None


_read = msgspec.json.Decoder(_Metadata).decode


def _links(events: Sequence[Envelope]) -> list[Link]:
    parents: dict[str, None] = {}
    for event in events:
        try:
            parent = _read(event.metadata).traceparent
        except msgspec.DecodeError:
            continue
        if parent:
            parents[parent] = None
            if len(parents) == _MOST_LINKS:
                break
    contexts = (_propagator.extract({"traceparent": parent}) for parent in parents)
    spans = (trace.get_current_span(context).get_span_context() for context in contexts)
    return [Link(span) for span in spans if span.is_valid]
