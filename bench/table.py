"""Rounds and tables: the sides take turns, and what is printed are medians over the rounds."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Sample:
    """One side's round: things done in a second, how long single ones took in milliseconds, and how many
    microseconds this process computed for each, which other programs on the machine hardly change."""

    rate: float
    cpu: float | None = None
    p50: float | None = None
    p99: float | None = None


Side = Callable[[], Awaitable[Sample]]


class Stopwatch:
    """Seconds since it was made, by the system's monotonic clock and by this process's own."""

    def __init__(self) -> None:
        self._began, self._computed = time.monotonic(), time.process_time()

    def stop(self) -> tuple[float, float]:
        """Seconds passed, and seconds computed by all threads."""
        return time.monotonic() - self._began, time.process_time() - self._computed


def sample(count: int, watch: Stopwatch, latencies: Sequence[float] = ()) -> Sample:
    """A round of ``count`` things, which ends now; ``latencies`` in seconds."""
    seconds, computed = watch.stop()
    rate, cpu = count / seconds, computed / count * 1_000_000
    if len(latencies) < 2:
        return Sample(rate, cpu)
    return Sample(rate, cpu, median(latencies) * 1000, p99(latencies) * 1000)


def p99(values: Sequence[float]) -> float:
    """The value that one in a hundred exceeds."""
    return quantiles(values, n=100)[98]


async def rounds(sides: Mapping[str, Side], *, count: int, warm_up: bool = True) -> dict[str, list[Sample]]:
    """Run the sides in turn (A B A B ...), after a round that does not count."""
    found: dict[str, list[Sample]] = {name: [] for name in sides}
    for number in range(-1 if warm_up else 0, count):
        for name, side in sides.items():
            sample = await side()
            if number >= 0:
                found[name].append(sample)
    return found


def middle(samples: Sequence[Sample]) -> Sample:
    """The median of each figure over the rounds."""

    def of(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return median(known) if known else None

    return Sample(
        median(sample.rate for sample in samples),
        of([sample.cpu for sample in samples]),
        of([sample.p50 for sample in samples]),
        of([sample.p99 for sample in samples]),
    )


def ratio(ours: Sequence[Sample], peer: Sequence[Sample]) -> tuple[float, float, float]:
    """How many times faster we are, round by round: median, least and most. Drift of the machine cancels."""
    pairs = [own.rate / other.rate for own, other in zip(ours, peer, strict=True)]
    return median(pairs), min(pairs), max(pairs)


def compare(found: Mapping[str, list[Sample]], *, peer: str, unit: str) -> list[tuple[str, ...]]:
    """A row for each side; those that are not the peer's with their ratio to it."""
    lines: list[tuple[str, ...]] = []
    for name, samples in found.items():
        median_sample = middle(samples)
        times = "" if name == peer else "{:.1f}x ({:.1f}-{:.1f})".format(*ratio(samples, found[peer]))
        figures = (median_sample.p50, median_sample.p99, median_sample.cpu)
        shown = ("" if figure is None else f"{figure:,.2f}" for figure in figures)
        lines.append((name, f"{median_sample.rate:,.0f} {unit}/s", *shown, times))
    return lines


COMPARED = ("", "median", "p50 ms", "p99 ms", "CPU µs each", "ratio (least-most)")
"""The head of a table of `compare`."""


def show(title: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    widths = [max(len(line[i]) for line in (head, *lines)) for i in range(len(head))]
    print(f"\n{title}\n")
    for line in (head, ["-" * width for width in widths], *lines):
        print(
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |",
            flush=True,
        )
