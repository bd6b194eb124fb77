"""The browser leaves out what we leave out: the same lists, and the same answers."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from processor.judge.inspection import carriers
from tests.unit.processor.judge.inspection.test_carriers import LEFT_OUT, TAKEN

SOURCE = Path(__file__).parents[5] / "assets" / "js" / "preflight" / "carriers.js"
LISTS = ("NAMES", "BEGINNINGS", "ENDINGS", "PACKAGES", "FOLDERS", "PICTURE_FOLDERS", "TEXTS")
FILES = [*LEFT_OUT.items(), *TAKEN.items()]
SCRIPT = """
import * as carriers from "SOURCE";
const { names, files } = JSON.parse(process.argv[1]);
const answers = files.map(([path, content]) => {
  const bytes = new Uint8Array(Buffer.from(content, "base64"));
  return carriers.isLeftOut(path, bytes, bytes.length);
});
const lists = Object.fromEntries(names.map((name) => [name, carriers[name]]));
console.log(JSON.stringify({ lists, answers, look: carriers.LOOK }));
"""


@pytest.fixture(scope="module")
def browser():
    files = [[path, base64.b64encode(content).decode()] for path, content in FILES]
    script = SCRIPT.replace("SOURCE", SOURCE.as_uri())
    asked = json.dumps({"names": LISTS, "files": files})
    run = subprocess.run(
        ["node", "--input-type=module", "--eval", script, asked], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", LISTS)
def test_the_browser_has_the_same_list(browser, name):
    assert sorted(browser["lists"][name]) == sorted(getattr(carriers, name))


def test_the_browser_leaves_out_the_same_files(browser):
    ours = [(path, carriers.is_left_out(path, content[: carriers.LOOK], len(content))) for path, content in FILES]

    assert [(path, answer) for (path, _), answer in zip(FILES, browser["answers"], strict=True)] == ours
    assert browser["look"] == carriers.LOOK
