"""What Linux's kernel refuses to the renderer's child: a filter of system calls (seccomp), which needs no privilege.

Limits keep a child from using too much, and say nothing of what it may reach. The runtime's own API listens on this
machine and would hand out the next request, and /tmp is the function's: so no sockets, no signals to others, no other
program and no thread, no file that is made, changed or removed. What decoders need is memory, and files that are read.
"""

import ctypes
import os
import platform
import struct
import sys

NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "recvfrom": (45, 207), "sendmsg": (46, 211),
    "recvmsg": (47, 212), "clone": (56, 220), "fork": (57, None), "vfork": (58, None), "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "truncate": (76, 45), "ftruncate": (77, 46),
    "fallocate": (285, 47), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None),
    "mkdirat": (258, 34), "rmdir": (84, None), "creat": (85, None), "link": (86, None), "linkat": (265, 37),
    "unlink": (87, None), "unlinkat": (263, 35), "symlink": (88, None), "symlinkat": (266, 36), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "mknod": (133, None), "mknodat": (259, 33), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "mq_open": (240, 180), "msgget": (68, 186), "semget": (64, 190), "shmget": (29, 194), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "perf_event_open": (298, 241), "memfd_create": (319, 279),
    "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
}  # fmt: skip
"""System calls that are refused, with their numbers on x86-64 and on arm64 (asm/unistd_64.h, asm-generic/unistd.h)."""
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machines → how the kernel's audit names them, and which of the numbers is theirs."""
OPEN, OPENAT, TGKILL, PRLIMIT = (2, None), (257, 56), (234, 131), (302, 261)
UNKNOWN_CALLS = {"clone3": (435, 435), "openat2": (437, 437)}
"""What the C library does without where the kernel does not know it: no filter sees their arguments, in memory."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
EPERM, ENOSYS = 1, 38

# linux/bpf_common.h, linux/seccomp.h: load a word, jump if equal, at least or any bit set, return.
_LOAD, _EQUAL, _LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2


def refuse_system_calls() -> bool:
    """Have the kernel refuse them to this process from now on, and say whether it does: a second fence, not the first.

    It cannot where there is no seccomp: on other systems, and where a sandbox around this process keeps it to itself.
    """
    known = ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    program = make_filter(*known, os.getpid())
    library = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a count of instructions, and where they lie.
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    # Without this promise only root may set a filter.
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, described, 0, 0) == 0)


def make_filter(architecture: int, column: int, process: int) -> bytes:
    """Return the filter's program for the process of that id."""
    refused = [number for numbers in NUMBERS.values() if (number := numbers[column]) is not None]
    checked = [
        *_check_argument(OPEN[column], 1, _BITS, WRITING, refused_if=True),
        *_check_argument(OPENAT[column], 2, _BITS, WRITING, refused_if=True),
        # To itself `abort` sends a signal, and to others nothing.
        *_check_argument(TGKILL[column], 0, _EQUAL, process, refused_if=False),
        *_check_argument(PRLIMIT[column], 0, _EQUAL, 0, refused_if=False),
    ]
    lines = [
        _instruct(_LOAD, _ARCHITECTURE_AT),
        _instruct(_EQUAL, architecture, 1, 0),
        _refuse(EPERM),
        _instruct(_LOAD, _NUMBER_AT),
        _instruct(_LEAST, _X32, 0, 1),
        _refuse(EPERM),
    ]
    for number in refused:
        lines += [_instruct(_EQUAL, number, 0, 1), _refuse(EPERM)]
    for numbers in UNKNOWN_CALLS.values():
        lines += [_instruct(_EQUAL, numbers[column], 0, 1), _refuse(ENOSYS)]
    return b"".join([*lines, *checked, _instruct(_RETURN, _ALLOW)])


def _check_argument(number: int | None, argument: int, test: int, value: int, *, refused_if: bool) -> list[bytes]:
    """Return what decides about one call by the lower half of an argument."""
    if number is None:
        return []
    # Where a jump is of no length the next line is taken, which refuses.
    if_true, if_false = (0, 1) if refused_if else (1, 0)
    return [
        _instruct(_EQUAL, number, 0, 4),
        _instruct(_LOAD, _ARGUMENTS_AT + 8 * argument),
        _instruct(test, value, if_true, if_false),
        _refuse(EPERM),
        _instruct(_RETURN, _ALLOW),
    ]


def _instruct(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(error: int) -> bytes:
    return _instruct(_RETURN, _ERRNO | error)
