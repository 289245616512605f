"""What records the rows of reports in a worker."""

from app.files.factory import files_of
from app.keys import KeyRing
from app.marketing.intake import NoReports, ReportIntake
from app.settings import Settings
from domain.kit.bus.bus import Bus
from domain.kit.sealed import Opening
from domain.marketing.import_runs import ReportRows


def report_rows(settings: Settings, *, bus: Bus, opening: Opening) -> ReportRows:
    """What takes in reports; none where there are no keys."""
    if not isinstance(opening, KeyRing):
        return NoReports()
    return ReportIntake(files_of(settings, opening), bus)
