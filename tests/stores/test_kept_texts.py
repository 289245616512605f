"""What is kept of texts that were taken apart or compared: a little of each, however long they are."""

import tracemalloc
from collections.abc import Callable

import pytest

from projections.kit.store.derived_columns import sort_key
from projections.kit.store.text_analysis import found_by


@pytest.mark.parametrize("of", [found_by, sort_key])
def test_little_is_kept_of_long_texts(of: Callable[[str], object]) -> None:
    of("Émile")
    tracemalloc.start()
    try:
        for number in range(200):
            of(chr(0x430 + number % 20) + chr(0x430 + number // 20) + "é" * 20_000)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # All of them are 8 MB; what else the process does meanwhile is counted as well.
    assert kept < 4_000_000
