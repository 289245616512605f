"""The order in which people expect names: that of the Unicode Collation Algorithm's root table.

Accents and case decide only between names that are otherwise the same. A key is compared byte by byte, and so
alike in every store; Postgres without ICU, such as the embedded one, knows no such order itself.
"""

from functools import cache, lru_cache

from pyuca import Collator
from pyuca.collator import BaseCollator

_LONGEST = 255
"""Characters that are looked at."""


def sort_key(text: str) -> bytes:
    """Bytes that sort as the text does."""
    return _sort_key(text[:_LONGEST].strip())


# Keys have some hundred bytes as a rule, and 27 kB at the most.
@lru_cache(maxsize=2_000)
def _sort_key(text: str) -> bytes:
    # Weights have 16 bits; zeros stand between the levels, and nothing is weighed zero.
    weights = _collator().sort_key(text)
    return b"".join(min(weight, 0xFFFF).to_bytes(2, "big") for weight in weights)


@cache
def _collator() -> BaseCollator:
    """Read when it is first needed: that takes a moment."""
    return Collator()
