"""``python -m tests.faults --rounds N``: any number of rounds by hand."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.cluster import cluster
from tests.faults.plan import Plan
from tests.faults.rebuilding import FAULTS
from tests.faults.rounds import play


def main() -> None:
    """Play rounds on one product, up to the first that finds something wrong: exit code 1 then."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how many rounds")
    parser.add_argument("--first", type=int, default=0, help="the number of the first, to play one again")
    parser.add_argument("--seed", default=str(time.time_ns() // 1_000_000), help="what chance follows from")
    parser.add_argument("--only", action="append", choices=sorted(FAULTS), help="only this fault; repeatable")
    parser.add_argument("--faults", type=int, default=4, help="faults in a round")
    parser.add_argument("--load", type=int, default=6, help="clients that send commands")
    parser.add_argument("--seconds", type=float, default=8, help="how long they do so")
    parser.add_argument("--search", choices=("osmem", "opensearch"), default="osmem", help="which server")
    parser.add_argument("--workers", type=int, default=2, help="how many workers")
    options = parser.parse_args()
    sys.exit(0 if asyncio.run(_play(options)) else 1)


async def _play(options: argparse.Namespace) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="headwater-faults-"))
    print(f"seed {options.seed}, data and logs in {folder}", flush=True)
    passed = 0
    async with cluster(folder / "data", search=options.search, workers=options.workers) as product:
        for number in range(options.first, options.first + options.rounds):
            plan = Plan(
                seed=options.seed,
                number=number,
                only=options.only or (),
                load=options.load,
                seconds=options.seconds,
                faults=options.faults,
            )
            if (await play(product, plan)).findings:
                print(f"Once more: --seed {options.seed} --first {number} --rounds 1", flush=True)
                break
            passed += 1
    print(f"{passed} of {options.rounds} rounds passed, seed {options.seed}.", flush=True)
    return bool(passed == options.rounds)


if __name__ == "__main__":
    main()
