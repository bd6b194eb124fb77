"""What the renderer's child may use, and what keeps it from its parent. Linux's own means, and no privilege.

A decoder that a hostile file has taken over runs as the same user as its parent, so whatever that user may do has to be
taken from it before a byte of the file is read.
"""

import ctypes
import resource
import sys

from processor.render.syscalls import refuse_system_calls

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space: what a frame of 64 megapixels takes, and the libraries."""
CPU_S = 12
"""Seconds of CPU."""
WALL_S = 15.0
"""Seconds until the parent kills its child: the portal's caller waits for 29 at the most."""
OPEN_FILES = 64
"""Libraries are files while they are loaded."""

_PR_SET_DUMPABLE = 4


def confine() -> None:
    """Limit this process, for good. The child's first act.

    It may write no file (`RLIMIT_FSIZE` of nothing, which lets pipes alone), leave no core, which would hold the file,
    and start no process or thread, where it is not root's. What it may reach is for `syscalls` to say.
    """
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for name, most in limits.items():
        hard = resource.getrlimit(name)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # A process that is out of CPU is told so by a signal of its own, unless the hard limit is no higher.
        resource.setrlimit(name, (allowed, allowed + (name == resource.RLIMIT_CPU and allowed < hard)))
    refuse_system_calls()


def hide_memory() -> None:
    """Let no process of the same user read this one's memory or environment, where the credentials are.

    `/proc/<pid>/mem` and `environ` belong to root from then on, and nobody of the user may trace the process. A child
    inherits none of it: its own program makes it as others are. The price: no core of this process, and it cannot list
    its own `/proc/self/fd` where it is not root's; `subprocess` closes descriptors one by one then.
    """
    if sys.platform != "linux":
        return  # A developer's machine, where nobody sends anything.
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
