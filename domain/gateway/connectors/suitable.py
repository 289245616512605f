"""What suits a connector: a schedule of its mode, and what its tool takes."""

from datetime import date, datetime, timedelta

from domain.gateway.connectors.connectors import ConnectorUnsuitable
from domain.gateway.connectors.terms import SyncMode
from domain.gateway.connectors.tools import TERMS, ConnectorTool, settings_of
from domain.kit.process.schedules import Cron, CronInvalid


def require_full_for_gone(mode: SyncMode, gone_type: str | None) -> None:
    """Raise ConnectorUnsuitable for a type of what is gone, where that is not told."""
    if gone_type is not None and mode is not SyncMode.FULL:
        raise ConnectorUnsuitable(reason="Only FULL tells what is gone.", field="gone_type")


def next_pull(
    mode: SyncMode, cron: str | None, zone: str, seconds: int | None, now: datetime
) -> datetime | None:
    """When a connector pulls next. Raises ConnectorUnsuitable for what is no schedule of its mode."""
    if (seconds is not None) is not (mode is SyncMode.REAL_TIME):
        raise ConnectorUnsuitable(reason="REAL_TIME takes seconds, and nothing else does.", field="seconds")
    if seconds is not None:
        if cron is not None:
            raise ConnectorUnsuitable(reason="REAL_TIME takes no schedule.", field="cron")
        return now + timedelta(seconds=seconds)
    try:
        return None if cron is None else Cron(cron, zone).after(now)
    except CronInvalid as invalid:
        raise ConnectorUnsuitable(reason=f"The schedule {invalid}.", field="cron") from None


def require_suitable(tool: ConnectorTool, mode: SyncMode, settings: tuple[str, ...]) -> None:
    """Raise ConnectorUnsuitable for a mode or settings that a tool does not take."""
    terms, given = TERMS[tool], settings_of(settings)
    if mode not in terms.modes:
        reason = f"This tool is pulled as {' or '.join(each.name for each in terms.modes)}."
        raise ConnectorUnsuitable(reason=reason, field="mode")
    unknown = given.keys() - {"since", *terms.settings}
    if unknown or len(given) < len(settings) or any(name not in given for name in terms.needed):
        names = ", ".join(("since", *terms.settings))
        needed = f", and needs {', '.join(terms.needed)}" if terms.needed else ""
        raise ConnectorUnsuitable(reason=f"This tool takes {names}, each once{needed}.", field="settings")
    for name, value in given.items():
        if not (_is_day(value) if name == "since" else terms.settings[name].fullmatch(value)):
            raise ConnectorUnsuitable(reason=f"No such value for {name} can be asked for.", field="settings")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
