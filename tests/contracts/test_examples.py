"""The examples of events cover every type that fields have."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from tests.contracts.examples import example


@dataclass
class _Holds:
    strange: complex


def test_a_type_without_an_example_says_where_to_put_one() -> None:
    strange: Any = _Holds
    with pytest.raises(LookupError, match=r"Put an example of .*complex.* into _EXAMPLES"):
        example(cast("Any", strange))
