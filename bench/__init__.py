"""Benchmarks, run by hand: each prints medians, and ratios against a peer measured in the same run."""

from pathlib import Path

SHARED = (
    "building", "events", "filling", "following", "http_client", "peer", "people", "place", "sides", "table",
    "views", "worker",
)  # fmt: skip
"""Modules that benchmarks stand on; every other module in this package is a benchmark."""


def names() -> list[str]:
    """The benchmarks, each run by ``python -m bench.NAME``."""
    files = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return [name for name in files if name not in SHARED and not name.startswith("__")]
