"""What the entrance's script takes for a link's token: the address's, or the one of before where that says none."""

import json
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[4] / "assets" / "js"
KEPT, NEW = "k" * 43, "n" * 43
RUN = """
const [kept, ...hashes] = JSON.parse(process.argv[1]);
const form = { hidden: true, token: { value: "" }, querySelector: () => form.token };
const noLink = { hidden: true };
const listeners = {};
globalThis.document = { querySelector: (name) => (name === "#entrance" ? form : noLink) };
globalThis.location = { hash: hashes.shift(), pathname: "/shared" };
globalThis.history = { replaceState: (_state, _title, path) => { location.hash = ""; location.left = path; } };
const held = new Map(kept ? [["scalper-link", kept]] : []);
globalThis.sessionStorage = { getItem: (name) => held.get(name) ?? null, setItem: (name, to) => held.set(name, to) };
globalThis.addEventListener = (name, listener) => { listeners[name] = listener; };
await import("SOURCE");
for (const hash of hashes) { location.hash = hash; listeners.hashchange?.(); }
console.log(JSON.stringify({ token: form.token.value, form: form.hidden, noLink: noLink.hidden, hash: location.hash }));
"""


def follow(kept, *hashes):
    """Return what the page holds after its address said these things, one after the other."""
    script = RUN.replace("SOURCE", (SCRIPTS / "shared.js").as_uri())
    command = ["node", "--input-type=module", "--eval", script, json.dumps([kept, *hashes])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    ("kept", "hashes", "token"),
    [
        ("", [f"#{NEW}"], NEW),
        (KEPT, [""], KEPT),
        (KEPT, [f"#{NEW}"], NEW),
        ("", [""], ""),
        (KEPT, [f"#{NEW[:-1]}"], ""),
        (KEPT, [f"#{NEW}."], NEW),
        (KEPT, [f"#{NEW}x"], ""),
        (KEPT, ["#K7Q2-9XMF"], ""),
        # The skip link of every page.
        (KEPT, ["", "#main"], KEPT),
        # A second link pasted into the address bar loads no page anew.
        ("", [f"#{KEPT}", f"#{NEW}"], NEW),
        ("", [f"#{KEPT}", f"#{NEW[:-2]}"], ""),
        ("", ["", f"#{NEW}"], NEW),
    ],
)
def test_the_code_is_tried_on_the_link_that_the_address_tells(kept, hashes, token):
    page = follow(kept, *hashes)
    assert page["token"] == token
    assert (page["form"], page["noLink"]) == (not token, bool(token))
    assert not (token and page["hash"])
