"""As whom servers run that refuse to run as root, without an account or a permission made for them."""

import os
import pwd
import signal
import subprocess
from functools import lru_cache
from pathlib import Path

from app.embedded.process import EmbeddedError, leashed

_SERVER_UID = 41700
"""An unused number: a uid needs no account to own files and run programs."""


@lru_cache
def server_identity() -> str:
    """``own`` unless we are root; then ``namespace:NUMBER`` or, where that is forbidden, ``uid:NUMBER``.

    In a user namespace of its own a server sees itself as an ordinary user and every file keeps its owner,
    so that is preferred, also for a uid without an account, which ``initdb`` refuses. Containers often
    forbid it, and then root takes an unused uid.
    """
    if os.geteuid() != 0 and _named(os.geteuid()):
        return "own"
    namespace = f"namespace:{_account()}"
    probe = leashed(["/bin/true"], orphan_signal=signal.SIGKILL, identity=namespace)
    if subprocess.run(probe, check=False, capture_output=True).returncode == 0:
        return namespace
    return f"uid:{_SERVER_UID}" if os.geteuid() == 0 else "own"


def initdb_identity() -> str:
    """The same for ``initdb``, which insists on a uid that has an account."""
    return f"uid:{_account()}" if server_identity().startswith("uid:") else server_identity()


def own(folder: Path, identity: str | None = None) -> Path:
    """Make ``folder`` (mode 0700), and all in it belong to the uid that the servers' files have."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return folder
    kind, _, number = (identity or server_identity()).partition(":")
    uid = int(number) if kind == "uid" else 0
    if folder.stat().st_uid != uid:
        for root, _, names in os.walk(folder):
            for path in (root, *(os.path.join(root, name) for name in names)):
                os.chown(path, uid, uid, follow_symlinks=False)
    return folder


def _named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _account() -> int:
    """The uid of an existing account that is not root: ``nobody`` where there is one."""
    uids = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0}
    if not uids:
        raise EmbeddedError("Postgres refuses to run as root, and this system has no other account.")
    return uids.get("nobody", min(uids.values()))
