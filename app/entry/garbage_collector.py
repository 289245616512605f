"""Python's garbage collector, set up for processes that make many objects which live for a moment."""

import gc


def collect_seldom() -> None:
    """Look for cycles seldom. Call it before all is imported: a quarter of loading the API is spent on looking."""
    gc.set_threshold(100_000, 20, 100)


def tune_collector() -> None:
    """Look for cycles seldom, and never among what the program is made of. Call it once all is imported.

    A page of events or an answer makes tens of thousands of objects without cycles. Looking through them as
    often as Python does by default takes half of a worker's time, and stops the API for a tenth of a second
    several times in each.
    """
    gc.collect()
    gc.freeze()
    collect_seldom()
