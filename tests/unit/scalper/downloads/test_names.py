"""What fetched files are called: the Python client and the browser give the same safe names, one after the other."""

import json
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.build.processes import tool_environment
from scalper.downloads.names import Names

ROOT = Path(__file__).parents[4]
LETTERS = {"LONG": "x", "WIDE": "😀"}


def spelled(name):
    """Write `LONG:3.dcm` out."""
    kind, colon, rest = name.partition(":")
    if not colon or kind not in LETTERS:
        return name
    times, dot, extension = rest.partition(".")
    return LETTERS[kind] * int(times) + dot + extension


CASES = [
    (why, spelled(name), spelled(expected))
    for why, name, expected in json.loads((ROOT / "tests/data/safe_names.json").read_text())
]


def test_the_client_gives_the_names_of_the_table():
    names = Names()
    given_names = [(why, names.claim(name, "fallback")) for why, name, _ in CASES]
    assert given_names == [(why, expected) for why, _, expected in CASES]


def test_the_browser_gives_the_same_names():
    script = """
        import { Names } from "./assets/js/retrieval/names.js";
        const names = new Names();
        const given = JSON.parse(process.argv[1]).map((name) => names.claim(name, "fallback"));
        console.log(JSON.stringify(given));
    """
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", script, json.dumps([name for _, name, _ in CASES])],
        cwd=ROOT,
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    told = list(zip([why for why, _, _ in CASES], json.loads(ran.stdout), strict=True))
    assert told == [(why, expected) for why, _, expected in CASES]


@given(st.lists(st.text(max_size=40) | st.sampled_from(["a", "A", "a/b", "a/b/c", "../a", "a.", "a (2)"]), max_size=30))
def test_no_name_leaves_the_folder_and_no_two_are_one(given_names):
    names = Names()
    paths = [PurePosixPath(names.claim(name, f"file-{number}")) for number, name in enumerate(given_names)]
    for path in paths:
        assert not path.is_absolute()
        assert not {"..", ".", ""} & set(path.parts)
        assert "\\" not in str(path)
        assert max(len(part.encode()) for part in path.parts) < 255
    folded = [str(path).lower() for path in paths]
    assert len(set(folded)) == len(folded)
    folders = {str(parent).lower() for path in paths for parent in path.parents}
    assert not folders & set(folded)


@pytest.mark.parametrize("name", ["IM.dcm", "a/IM.dcm", "IM"])
def test_many_files_of_one_name_are_named_in_linear_time(name):
    names = Names()
    looked = []

    class Counted(dict):
        def get(self, key, default=None):
            looked.append(key)
            return super().get(key, default)

    names._taken = Counted()
    for number in range(3000):
        names.claim(name, str(number))
    assert len(looked) < 4 * 3000
