"""In which order the processes of a run are given test files: what takes long first, so that all end together."""

import pytest

LONG = (
    "tests/tenancy/test_reading.py",
    "tests/faults/test_faults.py",
    "tests/attacks/test_ids.py",
    "tests/hostile/test_hostile.py",
    "tests/tenancy/test_writing.py",
    "tests/tenancy/test_hearing.py",
    "tests/tenancy/test_private.py",
    "tests/placement/test_left_behind.py",
    "tests/attacks/test_injection.py",
    "tests/placement/test_provisioning.py",
    "tests/operations/test_database_away.py",
    "tests/docs/test_contexts.py",
    "tests/placement/test_moving.py",
    "tests/placement/test_moving_accesses.py",
    "tests/app/test_run.py",
    "tests/placement/test_slugs_elsewhere.py",
    "tests/placement/test_slugs.py",
    "tests/rebuild/test_building.py",
)
"""Files of more than a quarter of a minute, the longest first."""


def longest_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Sort the files' tests, those of a file as they were; what starts nothing fills the gaps at the end."""
    place = {name: number for number, name in enumerate(LONG)}
    counts: dict[str, int] = {}
    for item in items:
        counts[_file(item)] = counts.get(_file(item), 0) + _weight(item)
    return sorted(
        items, key=lambda item: (place.get(_file(item), len(LONG)), -counts[_file(item)], _file(item))
    )


def _weight(item: pytest.Item) -> int:
    return 10 if item.get_closest_marker("servers") else 1


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
