"""How the browser's scripts say things, in each language, as Node runs them."""

import json
import subprocess

import pytest

from infra.build.cache import ROOT
from infra.build.processes import tool_environment

SCRIPT = """
globalThis.document = { documentElement: { lang: process.argv[1] } };
const { learn } = await import("./assets/js/language.js");
if (process.argv[1] === "de") {
  const { readFile } = await import("node:fs/promises");
  learn(JSON.parse(await readFile("assets/js/texts/de.json")));
}
const { gettext, ngettext } = await import("./assets/js/language.js");
const { counted, number, size, timeLeft } = await import("./assets/js/upload/words.js");
const { FINDINGS } = await import("./assets/js/upload/findings.js");
const { describe } = await import("./assets/js/upload/entries.js");
console.log(JSON.stringify([
  counted(1, "file"), counted(2000, "file"), number(1234567), size(512), size(1), size(1_400_000), size(48_000_000),
  size(5_000_000_000_000_000), timeLeft(10), timeLeft(240), timeLeft(7500),
  gettext(FINDINGS.empty.head), FINDINGS.carrier.head(7), FINDINGS["other-kind"].about("a PDF document"),
  gettext(describe({ state: "sent", verdict: "rejected" }).label),
  ngettext("{who}: left out.", "{who} are left out.", 2, { who: "A {who} $& file" }), gettext("Nobody says this"),
]));
"""

SAID = {
    "en": [
        "1 file", "2,000 files", "1,234,567", "512 bytes", "1 byte", "1.4 MB", "48 MB", "5000 TB",
        "less than a minute left", "about 4 minutes left", "about 2 h 5 min left",
        "Empty", "7 other files left out", "it is a PDF document", "Rejected",
        "A {who} $& file are left out.", "Nobody says this",
    ],
    "de": [
        "1 Datei", "2.000 Dateien", "1.234.567", "512 Bytes", "1 Byte", "1,4 MB", "48 MB", "5000 TB",
        "noch weniger als eine Minute", "noch etwa 4 Minuten", "noch etwa 2 h 5 min",
        "Leer", "7 andere Dateien ausgelassen", "es ist ein PDF-Dokument", "Abgelehnt",
        "A {who} $& file werden ausgelassen.", "Nobody says this",
    ],
}  # fmt: skip


@pytest.mark.parametrize("language", SAID)
def test_scripts_speak_the_pages_language(language):
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", SCRIPT, language],
        cwd=ROOT,
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == SAID[language]
