"""Shuts a program in before it opens what a stranger sent: run as a script, it locks itself in, then execs.

Its first word on the standard error, `BEGUN`, says that the walls stand, and that it dies with its parent.
Layers, each needing no privilege: no_new_privs, resource limits, death with the parent, Landlock (files)
and seccomp (no sockets, no tracing, no mounts). What nobody waits for gives way to everything else, too. It
imports nothing but the standard library and is started with `python -I -S`, so that it costs some ten
milliseconds; what imports much (json, typing, platform, signal) would cost as many again, and a viewer waits
for them. The first argument is the confinement, marshalled, in hexadecimal digits.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import struct
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BEGUN = "confine: begun"

_SIGKILL = 9
_EXIT_NOT_CONFINED = 125
_AFTER_SERVICES, _LAST = 5, 19
_AUTOGROUP = "/proc/self/autogroup"
_AUTOGROUP_TRIES, _AUTOGROUP_AGAIN_S = 3, 0.1
"""Linux lets processes change it ten times a second, all of them together."""

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 1, 38, 22, 2

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION_FLAG = 1
_READ_FILE_BITS = 0b101  # execute, read file
_READ_DIR_BIT = 0b1000
_WRITE_BITS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_FILE_ONLY_BITS = 0b111 | 1 << 14 | 1 << 15
_DEVICE_BITS = 0b1110 | 1 << 15  # write file, read file, read folder, ioctl
_NET_TCP_BITS = 0b11

# System calls with no place in a decoder, by architecture: sockets, tracing, mounts, namespaces, keys,
# kernel modules, io_uring, and what reads other processes' memory.
# fmt: off
_DENIED: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (
        0xC000003E,
        (41, 42, 43, 49, 50, 101, 155, 163, 165, 166, 167, 169, 175, 176, 246, 248, 249, 250, 272, 298,
         304, 308, 310, 311, 313, 321, 323, 425, 426, 427),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 200, 201, 202, 203, 39, 40, 41, 89, 97, 104, 105, 106, 117, 142, 217, 218, 219, 224, 241,
         265, 268, 270, 271, 273, 280, 282, 425, 426, 427),
    ),
}
# fmt: on


class NotConfined(RuntimeError):
    """A layer that is asked for does not hold on this machine."""


def main(argv: list[str]) -> None:
    """Confines this process as the first argument says and becomes the program in the rest."""
    spec: dict[str, Any] = marshal.loads(bytes.fromhex(argv[0]))  # noqa: S302 - it is our own
    try:
        _die_with_parent(int(spec["parent"]))
        _limit(spec)
        _give_way(_LAST if spec.get("gives_way") else _AFTER_SERVICES)
        if sys.platform == "linux":
            _lock_down(spec)
    except (OSError, NotConfined) as error:
        sys.stderr.write(f"confine: {error}\n")
        raise SystemExit(_EXIT_NOT_CONFINED) from None
    os.write(2, f"{BEGUN}\n".encode())
    os.execv(argv[1], argv[1:])  # noqa: S606


def _lock_down(spec: dict[str, Any]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if "landlock" in spec["layers"]:
        _landlock(libc, spec["read"], spec["write"], spec["devices"])
    if "seccomp" in spec["layers"]:
        _seccomp(libc)


def _die_with_parent(parent: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0), "PDEATHSIG")
    if parent and os.getppid() != parent:
        raise NotConfined("the parent is gone already")


def _limit(spec: dict[str, Any]) -> None:
    limits = {
        resource.RLIMIT_CPU: spec.get("cpu_s"),
        resource.RLIMIT_FSIZE: spec.get("file_bytes"),
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    for which, value in limits.items():
        if value is not None:
            _soft, hard = resource.getrlimit(which)
            ceiling = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
            resource.setrlimit(which, (ceiling, ceiling))


def _give_way(level: int) -> None:
    """Services answer before tools compute. A tool is a session of its own, and Linux may weigh sessions
    before processes; only where it is to come last of all is that worth some waiting.
    """
    os.nice(level)
    for _ in range(_AUTOGROUP_TRIES if level == _LAST else 1):
        try:
            with open(_AUTOGROUP, "w") as group:
                group.write(str(level))
            return
        except BlockingIOError:
            if level == _LAST:
                time.sleep(_AUTOGROUP_AGAIN_S)
        except OSError:
            return


def landlock_version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION_FLAG)))


def _landlock(libc: ctypes.CDLL, read: list[str], write: list[str], devices: list[str]) -> None:
    version = landlock_version()
    if version < 1:
        raise NotConfined("this kernel has no Landlock")
    everything = _WRITE_BITS[min(version, 5)]
    net = _NET_TCP_BITS if version >= 4 else 0
    attributes = struct.pack("QQQ", everything, net, 0)[: 16 if version >= 4 else 8]
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    _check(ruleset, "landlock_create_ruleset")
    for path in read:
        _allow(libc, ruleset, path, _READ_FILE_BITS | _READ_DIR_BIT)
    for path in write:
        _allow(libc, ruleset, path, everything)
    for path in devices:
        _allow(libc, ruleset, path, everything & _DEVICE_BITS)
    _check(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, bits: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    allowed = bits if os.path.isdir(path) else bits & _FILE_ONLY_BITS
    rule = struct.pack("=Qi", allowed, handle)
    _check(libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
    os.close(handle)


def _seccomp(libc: ctypes.CDLL) -> None:
    machine = os.uname().machine
    if machine not in _DENIED:
        raise NotConfined(f"no seccomp filter for {machine}")
    program = ctypes.create_string_buffer(_filter(*_DENIED[machine]))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(program))
    _check(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0), "seccomp")


def _filter(architecture: int, denied: tuple[int, ...]) -> bytes:
    """Classic BPF: another architecture dies, what is denied gets EPERM, the rest is allowed."""
    load, jump_equal, jump_at_least, answer = 0x20, 0x15, 0x35, 0x06
    kill, refuse, allow = 0x80000000, 0x00050001, 0x7FFF0000
    out = [(load, 0, 0, 4), (jump_equal, 1, 0, architecture), (answer, 0, 0, kill), (load, 0, 0, 0)]
    out.append((jump_at_least, len(denied) + 1, 0, 0x40000000))  # the x32 calls
    out += [(jump_equal, len(denied) - n, 0, call) for n, call in enumerate(denied)]
    out += [(answer, 0, 0, allow), (answer, 0, 0, refuse)]
    return b"".join(struct.pack("HBBI", *step) for step in out)


def _check(result: int, what: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
