"""The views of governance."""

from projections.governance.activity import ActivityLog
from projections.governance.consents import ConsentRows
from projections.governance.erasures import Erasures
from projections.governance.exports import Exports

VIEWS = (ConsentRows, Erasures, Exports, ActivityLog)
