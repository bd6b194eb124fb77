"""What python-jose brings along and nobody asked for is never reached (docs/python-jose.md)."""

import subprocess
import sys

UNREACHED = {"ecdsa", "pyasn1", "rsa"}

PROGRAM = f"""
import importlib.abc, sys
import pytest

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {UNREACHED!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
"""


def without_them(then):
    return subprocess.run([sys.executable, "-c", PROGRAM + then], capture_output=True, text=True, check=False)


def test_every_test_of_tokens_passes_where_they_cannot_be_imported():
    done = without_them(
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'tests/unit/portal/auth/test_tokens.py']))"
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_proof_would_notice_one_that_is_reached():
    done = without_them("from jose.backends import ecdsa_backend")
    assert "ModuleNotFoundError: ecdsa" in done.stderr


def test_nothing_of_the_portal_loads_them():
    program = f"import sys; import portal.auth.tokens, portal.app; print(*sorted({UNREACHED!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
