"""The views of governance."""

from projections.governance.activity import ActivityLog

VIEWS = (ActivityLog,)
