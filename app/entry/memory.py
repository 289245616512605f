"""Memory of the C library, set up for processes that are sent much at times."""

import ctypes

_MMAP_THRESHOLD = -3
"""What glibc calls the setting: pieces of so many bytes are given back as soon as they are let go of."""
_LARGE = 256 * 1024


def give_back_large_pieces() -> None:
    """Have large pieces of memory given back to the system once they are let go of; where the C library is not
    glibc, it does as it does.

    By itself glibc keeps them from the first on that was let go of: after many large variables were held together,
    the process stayed as large as it had been.
    """
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
