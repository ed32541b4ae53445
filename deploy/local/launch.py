"""Starts a child so that it ends with its supervisor, even where that is killed and cannot clean up.

Run as `python -I -S launch.py PARENT_PID COMMAND…` on Linux; the command takes this process over.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ties this process to its parent's life, then becomes the command."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        os._exit(1)  # the supervisor died before the tie was made
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
