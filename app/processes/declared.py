"""The processes that manifests declare, of every context and of what joins them."""

from collections.abc import Sequence
from typing import Any

from app.contexts import SUBJECTS
from domain.contexts import CONTEXTS
from domain.kit.context.context import ContextDomain
from domain.kit.context.manifests import joined
from domain.kit.process.process import Process
from domain.processes import CONTEXT as JOINING
from domain.processes.anonymisation import Anonymising
from domain.processes.departures import departures
from domain.processes.erasure import PersonErasure
from domain.processes.export import PersonExport
from domain.processes.slug_reservations import SlugReservations
from domain.processes.tenant_adoptions import TenantAdoptions
from domain.processes.tenant_move import Moving
from domain.processes.tenant_provisioning import Provisioning


def declared(contexts: Sequence[ContextDomain], *, platform: bool) -> tuple[type[Process[Any]], ...]:
    """Those of every database, or of the platform's alone.

    Raises TypeError for two that keep their state under one name.
    """
    named = joined(
        contexts,
        "processes",
        lambda context: (
            (process.name, process) for process in (*context.processes, *context.platform_processes)
        ),
    )
    homes = {process for context in contexts for process in context.platform_processes}
    return tuple(process for process in named.values() if (process in homes) is platform)


PROCESSES = declared((*CONTEXTS, JOINING), platform=False)
"""The processes of every database that need no more than ports."""

EVERYWHERE: tuple[type[Process[Any]], ...] = (
    *PROCESSES,
    PersonErasure,
    type(departures(SUBJECTS)),
    PersonExport,
    Anonymising,
)
"""All processes of every database: those, and the ones of privacy, which reach into every store."""

PLATFORM_PROCESSES = declared((*CONTEXTS, JOINING), platform=True)
"""The processes of the platform's database alone, beside those that place tenants: no silo runs them."""

PLACING: tuple[type[Process[Any]], ...] = (Provisioning, Moving, SlugReservations, TenantAdoptions)
"""The processes that place tenants, of the platform's database alone."""

HOME = frozenset(process.name for process in (*PLATFORM_PROCESSES, *PLACING))
"""The names of all that run on the platform's database alone."""

KNOWN = HOME | {process.name for process in EVERYWHERE}
"""The names of all processes that this code has."""
