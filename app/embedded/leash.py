"""Becomes a server process that cannot outlive its parent; run as a script, never imported.

Usage: ``python -I -S leash.py PARENT SIGNAL IDENTITY KEEP PROGRAM [ARGUMENT...]``. PARENT is the pid of the
process that asked; SIGNAL is sent to the server when the thread that forked it ends; IDENTITY is ``own``,
``namespace:NUMBER`` or ``uid:NUMBER`` (see ``app.embedded.identity``); KEEP are file descriptors, with commas
between. All others but the standard ones are closed, however the parent came by them: one that is the lock of a
data folder would keep it locked.
"""

import contextlib
import ctypes
import os
import sys

_LAST_STANDARD = 2
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_NO_SETUID_FIXUP = 1 << 2

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        sys.exit(f"leash: {what}: {os.strerror(ctypes.get_errno())}")


def _enter_namespace(seen: int) -> None:
    """See ourselves as the user ``seen`` while files keep belonging to the user who started us."""
    uid, gid = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_CLONE_NEWUSER), "no user namespace")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{seen} {uid} 1"),
        ("gid_map", f"{seen} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _become(uid: int) -> None:
    """Take another uid, keeping only the right to pass folders that belong to root.

    Without it a checkout below a folder that others may not enter (``/root``) could not be served.
    """
    # Capabilities then survive the change of uid, and access(2) takes them into account.
    _checked(_libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    bit = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)), "drop capabilities")
    _checked(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0), "keep passage")


def _close_others(keep: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if (number := int(name)) > _LAST_STANDARD and number not in keep:
            # It is let go of by exec, for the one that lists the folder has been closed by now.
            with contextlib.suppress(OSError):
                os.set_inheritable(number, False)


def main(parent: str, signal: str, identity: str, keep: str, *command: str) -> None:
    """Close what is not to be kept, change identity, ask for the parent-death signal, and become ``command``."""
    _close_others({int(number) for number in keep.split(",") if number})
    kind, _, number = identity.partition(":")
    if kind == "namespace":
        _enter_namespace(int(number))
    elif kind == "uid":
        _become(int(number))
    # After the change of identity, which clears it; exec of an ordinary program keeps it.
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0), "parent-death signal")
    if os.getppid() != int(parent):
        sys.exit("leash: the parent is already gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
