"""What children took of memory."""

import resource


def measure_children() -> int:
    """Return the most bytes of memory that a child of this process had; 0 where this process had more.

    Until it runs its own program, a child counts as having what its parent has (getrusage(2); Linux, `fs/exec.c`).
    """
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return 0 if most <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else most * 1024
