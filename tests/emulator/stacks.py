"""What tests of the deployed stack share: free ports, and waiting for what happens in its own time."""

import socket
import time


def free_port() -> int:
    """Return a port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(look, *, within_s=20.0):
    """Return the first true answer of `look`, or fail with the last one when it takes too long."""
    deadline = time.monotonic() + within_s
    while not (answer := look()):
        assert time.monotonic() < deadline, f"it did not come true within {within_s} s: {answer!r}"
        time.sleep(0.02)
    return answer
