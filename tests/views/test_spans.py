"""How views are divided by times: the days and months of every year, and a column that never changes."""

from datetime import UTC, datetime

import pytest

from projections.kit.declare.folds import TIME, carried
from projections.kit.declare.partitions import ByTime, Span
from projections.kit.declare.postgres import PostgresView
from tests.views.fillings import DAY, FilledRow
from tests.views.toys import Jar


def test_the_column_never_changes() -> None:
    with pytest.raises(TypeError, match="filled may change"):

        class Changing(PostgresView[FilledRow], name="toys.changing"):
            partitions = ByTime("filled_at", every=Span.DAY, days=1)

            filled = carried(Jar.Filled, upsert=True, filled_at=TIME)


def test_spans_of_every_year() -> None:
    for time in (
        datetime(2038, 1, 31, 5, tzinfo=UTC),
        datetime(2100, 2, 28, tzinfo=UTC),
        datetime(2096, 2, 29, tzinfo=UTC),
    ):
        assert Span.DAY.end(time) == Span.DAY.begin(time) + DAY
        assert Span.MONTH.begin(time) < Span.MONTH.end(time) <= Span.MONTH.begin(time) + 31 * DAY
        assert Span.MONTH.end(time).day == 1
    assert Span.MONTH.end(datetime(2026, 12, 31, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
