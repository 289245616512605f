"""``python -m bench`` runs every benchmark, each in a process of its own."""

import subprocess
import sys

from bench import names


def _finishes(name: str) -> bool:
    return subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode == 0


if __name__ == "__main__":
    failed = [name for name in names() if not _finishes(name)]
    sys.exit(f"These did not finish: {', '.join(failed)}." if failed else 0)
