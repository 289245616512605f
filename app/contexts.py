"""All contexts, their views and whom they keep data about: the one list that has to know every context."""

from typing import Any

from domain.identity import verifications
from domain.identity.subjects import SUBJECTS as PEOPLE
from domain.kit.privacy.subjects import SubjectKind
from domain.operations import interventions, rebuilds, repairs, rollbacks, tenants
from projections import governance, identity, tenancy, work
from projections.kit.declare.view import View

VIEWS: tuple[type[View[Any]], ...] = (*identity.VIEWS, *work.VIEWS, *tenancy.VIEWS, *governance.VIEWS)
"""Every view. Views that fold all events come last, when the events of every context are known."""

WITHOUT_VIEWS = (interventions, rebuilds, repairs, rollbacks, tenants, verifications)
"""Whose events no context has a view of; they are known here, because some views fold all events."""

SUBJECTS: tuple[SubjectKind, ...] = (*PEOPLE,)
"""Every kind of thing that is about one person; a test finds an aggregate with personal fields that is missing."""
