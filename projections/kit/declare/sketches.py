"""How many different ones there were, and how values are spread, in rows of bounded size.

Both say the same whatever the order in which values came, so that a rebuild makes the rows that were there.
"""

from bisect import bisect_left
from hashlib import blake2b
from math import floor, log

import msgspec

_EXACT = 256
_BITS = 11
_REGISTERS = 1 << _BITS
_REST = 64 - _BITS
_SMALLEST = 0.001
_STEP = 1.05
_WIDEST = 800


class UniqueCount(msgspec.Struct, frozen=True):
    """How many different values there were: exact up to 256, then with a standard error of about
    2.3 % (HyperLogLog, 2 KiB).

    It holds hashes alone: no value can be read from it, but who guesses one finds out whether it is among them.
    """

    hashes: tuple[int, ...] = ()
    registers: bytes = b""

    def plus(self, value: object) -> "UniqueCount":
        """With this value as well; None is none."""
        if value is None:
            return self
        hashed = int.from_bytes(blake2b(str(value).encode(), digest_size=8).digest())
        if self.registers:
            registers = _raised(self.registers, hashed)
            return self if registers is self.registers else UniqueCount(registers=registers)
        at = bisect_left(self.hashes, hashed)
        if at < len(self.hashes) and self.hashes[at] == hashed:
            return self
        hashes = (*self.hashes[:at], hashed, *self.hashes[at:])
        if len(hashes) <= _EXACT:
            return UniqueCount(hashes=hashes)
        registers = bytes(_REGISTERS)
        for each in hashes:
            registers = _raised(registers, each)
        return UniqueCount(registers=registers)

    @property
    def count(self) -> int:
        """How many there were."""
        if not self.registers:
            return len(self.hashes)
        estimate = 0.7213 / (1 + 1.079 / _REGISTERS) * _REGISTERS**2 / sum(2.0**-r for r in self.registers)
        if estimate <= 2.5 * _REGISTERS and (empty := self.registers.count(0)):
            estimate = _REGISTERS * log(_REGISTERS / empty)
        return round(estimate)


def _raised(registers: bytes, hashed: int) -> bytes:
    at, rank = hashed >> _REST, _REST - (hashed & ((1 << _REST) - 1)).bit_length() + 1
    if registers[at] >= rank:
        return registers
    return b"".join((registers[:at], bytes((rank,)), registers[at + 1 :]))


class Spread(msgspec.Struct, frozen=True):
    """How values are spread that are not negative: counts in classes that grow by 5 %, so that a percentile is
    within 2.5 %. What is below 0.001 is taken for 0."""

    classes: dict[int, int] = {}

    def plus(self, value: float | None) -> "Spread":
        """With this value as well; None is none."""
        if value is None:
            return self
        index = 0 if value < _SMALLEST else min(1 + floor(log(value / _SMALLEST) / log(_STEP)), _WIDEST)
        return Spread(classes={**self.classes, index: self.classes.get(index, 0) + 1})

    def percentile(self, part: float) -> float | None:
        """The value that this part of them, 0 to 1, does not exceed; None where there are none."""
        left = part * sum(self.classes.values())
        for index in sorted(self.classes):
            left -= self.classes[index]
            if left <= 1e-9:
                return 0.0 if index == 0 else _SMALLEST * _STEP ** (index - 0.5)
        return None
