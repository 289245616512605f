"""The processes that place tenants; they run on the platform's database alone."""

from typing import Any

from app.placement.mover import PlacingMover
from app.placement.provisioner import PlacingProvisioner
from app.placement.tenant_adoptions import RegistryAdoptions
from app.processes.lease import enroll
from app.settings import Settings
from app.storage.database import Database
from domain.kit.process.process import Process
from domain.processes.slug_reservations import SlugReservations
from domain.processes.tenant_adoptions import TenantAdoptions
from domain.processes.tenant_move import Moving
from domain.processes.tenant_provisioning import Provisioning


def placing_processes(settings: Settings, platform: Database) -> list[Process[Any]]:
    """The processes, with the adapters of their ports."""
    return [
        Provisioning(PlacingProvisioner(settings, platform)),
        Moving(PlacingMover(settings, platform)),
        SlugReservations(),
        TenantAdoptions(RegistryAdoptions(settings)),
    ]


async def placing(settings: Settings, platform: Database) -> list[Process[Any]]:
    """The processes, made known to the platform's database: nothing that is asked from now on is missed."""
    processes = placing_processes(settings, platform)
    for process in processes:
        await enroll(platform.writer, process)
    return processes
