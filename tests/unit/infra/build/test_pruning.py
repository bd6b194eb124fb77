"""What is left out of the style sheets, as Node runs it: nothing that a page shows."""

import json
import re
import subprocess

import pytest

from infra.build.cache import ROOT
from infra.build.processes import tool_environment

SCRIPT = """
const { prune } = await import("./assets/pruning.mjs");
const css = await new Response(process.stdin).text();
console.log(JSON.stringify(prune(css, new Set(["nhsuk-label", "nhsuk-label--m", "nhsuk-button"]))));
"""

NAMES = re.compile(r"nhsuk-[\w-]*-(?:\{|\$\{)|nhsuk-\$?\{")
"""A class that is put together where it is shown: the build could not know it."""


def prune(css):
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", SCRIPT],
        cwd=ROOT,
        env=tool_environment(),
        input=css,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    "css",
    [
        "a{b:c}",
        ".panel .tile{b:c}",
        ".nhsuk-label.nhsuk-label--m:hover{b:c}",
        ".nhsuk-label:not(.nhsuk-gone):not(:has(.nhsuk-gone)){b:c}",
        ":is(.nhsuk-gone,.nhsuk-label) a{b:c}",
        "[class^=nhsuk-gone]{b:c}",
        '@font-face{src:url("a}b{c.woff2");b:c}',
        "@keyframes x{0%{b:c}100%{b:d}}",
        ".nhsuk-button{b:c;d:url(data:x;base64,nhsuk-gone)}",
    ],
)
def test_what_a_page_may_show_stays_as_it_is(css):
    assert prune(css) == css


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".nhsuk-gone{b:c}a{b:c}", "a{b:c}"),
        (".nhsuk-label--medium{b:c}", ""),
        (".nhsuk-gone,.nhsuk-label,.nhsuk-gone a{b:c}", ".nhsuk-label{b:c}"),
        (".nhsuk-label:has(+.nhsuk-gone){b:c}", ""),
        (".nhsuk-label:not(.a,.b) .nhsuk-gone{b:c}", ""),
        ("@media print{.nhsuk-gone{b:c}}a{b:c}", "a{b:c}"),
        ("@media print{.nhsuk-gone{b:c}a{b:c}}", "@media print{a{b:c}}"),
        ("/* .a, } */.nhsuk-gone{b:c}a{b:c}", "a{b:c}"),
    ],
)
def test_what_no_page_shows_is_left_out(css, kept):
    assert prune(css) == kept


def test_no_page_puts_such_a_class_together():
    sources = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "assets" / "js").rglob("*.js")]
    assert [file.name for file in sources if NAMES.search(file.read_text())] == []
    assert [file.name for file in (ROOT / "portal").rglob("*.py") if "nhsuk-" in file.read_text()] == []
