"""Turns into a command that the kernel kills when its parent dies: ``python leash.py PARENT_PID COMMAND...``.

Works for any program, Node included, and when the parent is killed with -9. Linux only; elsewhere the command
simply runs. The kernel watches the *thread* that started the child: start children from the main thread.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, *command: str) -> None:
    """Become ``command``; ends at once when ``parent`` has died already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("the parent has died")
    os.execvp(command[0], command)  # noqa: S606 - the command comes from local/processes.py, and no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
