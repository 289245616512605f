"""What was sent in large pieces is not held once it is let go of."""

import platform
import subprocess
import sys

import pytest

_HOLDS = """
import sys
from app.entry.memory import give_back_large_pieces

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "given back":
    give_back_large_pieces()
b"x" * 2_000_000
before, kept = resident(), []
large = [(b"x" * 1_000_000, kept.append(b"x" * 1_000)) for _ in range(100)]
held = resident() - before
del large
print(held, resident() - before)
"""


@pytest.mark.servers
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_large_pieces_are_given_back_though_small_ones_lie_between_them() -> None:
    shares = []
    for how in ("given back", "as it is"):
        told = subprocess.run(
            [sys.executable, "-c", _HOLDS, how], check=True, capture_output=True, text=True
        ).stdout
        held, left = map(int, told.split())
        assert held > 90_000_000
        shares.append(left / held)
    assert shares[0] < 0.1
    # Else there would be nothing to set.
    assert shares[1] > 0.5
