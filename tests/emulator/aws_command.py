"""The AWS command line, kept warm: starting it anew takes a second or more of CPU time, dozens of times in one test.

A server process has it imported; each call is a fork of it, with the caller's arguments, environment and files. The
endpoint is told as an argument: version 1 of the command asks SQS at an old address of AWS whatever its environment
says.
"""

import array
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

_SHIM = """#!{python} -SE
import array, json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
call = json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}).encode()
server.sendmsg([len(call).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
server.sendall(call)
sys.exit((server.recv(1) or b"\\x01")[0])
"""


@contextlib.contextmanager
def aws_command(folder: Path) -> Iterator[Path]:
    """Yield a folder for PATH whose `aws` answers at once, until the block is left."""
    address = str(folder / "aws.sock")
    shim = folder / "aws"
    shim.write_text(_SHIM.format(python=sys.executable, address=address))
    shim.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.emulator.aws_command", address], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield folder
        finally:
            server.terminate()


def _serve(address: str) -> None:
    import awscli.clidriver  # noqa: F401  # What makes it worth while.

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while True:
            caller, _ = listener.accept()
            if os.fork() == 0:
                _answer(caller)
            caller.close()


def _answer(caller: socket.socket) -> None:
    """Run one call with the caller's own files, tell its exit code, and end."""
    from awscli.clidriver import create_clidriver

    files = array.array("i")
    length, attached, *_ = caller.recvmsg(4, socket.CMSG_SPACE(3 * files.itemsize))
    files.frombytes(attached[0][2])
    for number, file in enumerate(files):
        os.dup2(file, number)
    call = json.loads(caller.makefile("rb").read(int.from_bytes(length, "big")))
    models = os.environ["AWS_DATA_PATH"]  # Set by awscli when it is imported.
    os.environ.clear()
    os.environ.update(call["environment"], AWS_DATA_PATH=models)
    os.chdir(call["folder"])
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115  # The caller's.
    code = 1
    try:
        endpoint = ["--endpoint-url", os.environ["AWS_ENDPOINT_URL"]]
        code = create_clidriver().main([*endpoint, *call["arguments"]])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.sendall(bytes([code & 255]))
        os._exit(code & 255)


if __name__ == "__main__":
    _serve(sys.argv[1])
