"""What is known against a package is told, and silence is never taken for good news."""

import json
import threading
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.supply_chain import advisories
from infra.supply_chain.advisories import ACKNOWLEDGED, Advisory, UnaskedError, ask_npm, ask_osv, judge, report

TODAY = date(2026, 11, 1)
NEWS = {"id": "GHSA-aaaa-bbbb-cccc", "modified": "2026-01-01T00:00:00Z"}
KNOWN = Advisory("ecdsa", ACKNOWLEDGED[0].identifier, "Minerva")


@contextmanager
def registry(answer):
    """Serve JSON on loopback: `answer(path, asked)` gives it, `asked` being a POST's body."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self._send(answer(self.path, None))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            # npm sends its question packed, and no answer of ours depends on it.
            self._send(answer(self.path, {} if self.headers.get("content-encoding") else json.loads(body)))

        def _send(self, value):
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def osv(name):
    """An OSV that knows one thing against the package of this name."""

    def answer(path, asked):
        if asked is None:
            affected = {"package": {"ecosystem": "PyPI", "name": name}}
            return {**NEWS, "summary": "Bad news", "affected": [affected], "path": path}
        return {"results": [{"vulns": [NEWS]} if each["package"]["name"] == name else {} for each in asked["queries"]]}

    return answer


def test_what_osv_knows_against_a_locked_package_is_told():
    with registry(osv("jinja2")) as url:
        assert ask_osv(["--service-url", url]) == [Advisory("jinja2", NEWS["id"], "Bad news")]


def test_nothing_known_is_an_answer_too():
    with registry(osv("nothing-of-ours")) as url:
        assert ask_osv(["--service-url", url]) == []
    with registry(lambda path, asked: {}) as url:
        assert ask_npm(["--registry", url]) == []


@pytest.mark.parametrize("ask", [partial(ask_npm, ["--registry"]), partial(ask_osv, ["--service-url"])])
def test_a_source_that_cannot_be_reached_is_told_and_ends_in_two(ask, capsys, monkeypatch):
    # The discard port of loopback: nobody listens there.
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    options = [*ask.args[0], "http://127.0.0.1:9"]
    assert report([lambda: ask.func(options)], TODAY) == 2
    said = capsys.readouterr()
    assert "NOT ASKED" in said.err
    assert "1 of 1 sources not asked" in said.out


@pytest.mark.parametrize(
    "output", ["", "<html>502</html>", '{"message": "405"}', '{"vulnerabilities": {}}', '{"vulnerabilities": []}']
)
@pytest.mark.parametrize("ask", [ask_npm, ask_osv])
def test_an_answer_that_does_not_say_what_was_asked_is_none(ask, output, monkeypatch):
    done = advisories.subprocess.CompletedProcess([], 0, stdout=output, stderr="")
    monkeypatch.setattr(advisories.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(UnaskedError):
        ask()


def test_what_npm_knows_is_told_once_for_the_package_that_has_it(monkeypatch):
    cause = {"url": "https://github.com/advisories/GHSA-1", "title": "Prototype pollution"}
    found = {"a": {"via": [cause]}, "b": {"via": ["a"]}}
    output = json.dumps({"vulnerabilities": found, "metadata": {"dependencies": {"total": 2}}})
    done = advisories.subprocess.CompletedProcess([], 1, stdout=output, stderr="")
    monkeypatch.setattr(advisories.subprocess, "run", lambda *_, **__: done)
    assert ask_npm() == [Advisory("a", "GHSA-1", "Prototype pollution")]


def test_an_acknowledged_advisory_passes_until_its_review_is_due():
    assert judge([KNOWN], TODAY) == []
    assert judge([KNOWN], date(2030, 1, 1)) == [f"{KNOWN.identifier}: its review is due"]


def test_a_new_advisory_fails_and_says_where_it_is_mended(capsys):
    new = Advisory("jinja2", "GHSA-2", "Sandbox escape", ("3.2",))
    assert report([lambda: [KNOWN, new]], TODAY) == 1
    assert "ADVISORY  jinja2: GHSA-2 Sandbox escape (mended in 3.2)" in capsys.readouterr().out
