"""A plugin of pytest for a product that has a new context: leave out the cases that are as they were without it.

A test that goes through every name of the product has a case for each. Those of other contexts are the same with
the new one and without it, and are run where the product itself is tested.
"""

from collections import Counter

import pytest

CONTEXT = "suppliers"
"""The context that docs/contexts.md builds; every name in it holds the singular, which is the aggregate's."""
MANY = 20
"""More cases than a test has that names each of its own."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the context's own tests, and of the others the quick ones: whole, or what is about the context."""
    cases = Counter(item.nodeid.partition("[")[0] for item in items)

    def differs(item: pytest.Item) -> bool:
        test, _, case = item.nodeid.partition("[")
        if test.startswith(f"tests/{CONTEXT}/"):
            return True
        slow = any(item.get_closest_marker(mark) for mark in ("servers", "slow"))
        return not slow and (cases[test] <= MANY or CONTEXT.removesuffix("s") in case.lower())

    config.hook.pytest_deselected(items=[item for item in items if not differs(item)])
    items[:] = [item for item in items if differs(item)]
