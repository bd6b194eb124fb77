"""The world around an admin at the command line: the portal's own discovery, a user pool, rebuilds, and a browser."""

import base64
import hashlib
import http.client
import json
import socket
from collections import Counter
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.unit.portal.pool import CLI_CLIENT
from tests.unit.portal.portal_fixture import Portal
from tests.wired_portal import SIGN_IN_URL

CODE, NAME = "the-code", "root@scalper.example"
DISCOVERY = "/.well-known/oauth-protected-resource"


def a_rebuild(**changes):
    """Return a Rebuild document as the API tells it."""
    return {
        "rebuild_id": "01rebuild",
        "clinic_id": None,
        "upload_id": None,
        "dry_run": True,
        "state": "done",
        "placed_at": "2026-01-31T09:30:00Z",
        "worked_at": "2026-01-31T09:30:05Z",
        "ended_at": "2026-01-31T09:31:00Z",
        "clinics_done": 2,
        "looked_at": 1200,
        "position": None,
        "differences": 0,
        "uncounted": 0,
        "marks": 0,
        "beside": 0,
        "busy": 0,
        "busy_units": [],
        "read_units": 4100,
        "exact": True,
        "found": [],
        **changes,
    }


def differing(**changes):
    """Return an audit that found something."""
    found = [
        {"subject": "upload 01up", "name": "accepted", "standing": 3, "expected": 5},
        {"subject": "upload 01up", "name": "missing", "standing": 2, "expected": 0},
        {"subject": "clinic northside", "name": "files", "standing": 3, "expected": 5},
    ]
    return a_rebuild(**{"differences": 3, "exact": False, "found": found, **changes})


def free_port():
    """Return a port that was free a moment ago at both of this machine's own addresses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, target, *, method="GET", host=None):
    """Send a request to the listener, as whoever is on this machine can. Return status, headers and page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, target, skip_host=True)
    for one in host if isinstance(host, list) else [host or f"localhost:{port}"]:
        connection.putheader("Host", one)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read().decode()


class AdminWorld:
    """Answers the command line. `browse` is the browser, in which an admin signs in at once."""

    def __init__(self):
        self.portal = Portal()
        self.ports = (free_port(),)
        self.requests = Counter()
        self.discovered = self.portal.visitor().get(DISCOVERY).json()
        self.browse = self.sign_in
        self.query = {}
        """Of the last request for sign-in."""
        self.is_admin = True
        self.ended = False
        """Whether the user pool renews nothing any more."""
        self.revocation = 200
        self.lifetime = 900
        self.tokens = 0
        self.revoked = []
        self.orders = []
        """Bodies of what was started, with their keys."""
        self.courses = [[a_rebuild()]]
        """For each order, what is told of it: first at its start, then at each look."""
        self.jobs = {}
        self.stopped = []
        self.transport = httpx.MockTransport(self._answer)

    def sign_in(self, url):
        """Have the admin sign in, and the browser follow the way back."""
        self.look_at(url)
        return self.come_back(code=CODE, state=self.query["state"])

    def look_at(self, url):
        """Have the browser show the sign-in, and nobody do anything there yet."""
        assert url.startswith(f"{SIGN_IN_URL}/oauth2/authorize?")
        self.query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}

    def come_back(self, **query):
        back = urlsplit(self.query["redirect_uri"])
        return ask(back.port, f"{back.path}?{urlencode(query)}")

    def _answer(self, request):
        place = request.url.path
        self.requests[f"{request.method} {place}"] += 1
        if place == DISCOVERY:
            return httpx.Response(200, json=self.discovered)
        if request.url.host == "sign-in.test":
            form = {name: value for name, (value,) in parse_qs(request.content.decode()).items()}
            assert form.pop("client_id") == CLI_CLIENT
            assert "authorization" not in request.headers
            return self._revoke(form) if place == "/oauth2/revoke" else self._grant(form)
        return self._api(request)

    def _revoke(self, form):
        self.revoked.append(form["token"])
        return httpx.Response(self.revocation)

    def _grant(self, form):
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            good = (form["code"], challenge, form["redirect_uri"]) == (
                CODE,
                self.query["code_challenge"],
                self.query["redirect_uri"],
            )
        else:
            good = form["refresh_token"] == "refresh-1" and not self.ended
        if not good:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.tokens += 1
        claims = base64.urlsafe_b64encode(json.dumps({"email": NAME}).encode()).decode().rstrip("=")
        granted = {"access_token": f"access-{self.tokens}", "expires_in": self.lifetime}
        if form["grant_type"] == "authorization_code":
            granted |= {"refresh_token": "refresh-1", "id_token": f"e30.{claims}.x"}
        return httpx.Response(200, json=granted)

    def _api(self, request):
        if request.headers["authorization"] != f"Bearer access-{self.tokens}":
            return httpx.Response(401, json={"title": "A valid access token is needed"})
        if not self.is_admin:
            return httpx.Response(403, json={"type": "x/forbidden", "title": "This is for admins"})
        parts = request.url.path.removeprefix("/api/v1/rebuilds").strip("/").split("/")
        if request.method == "POST" and parts == [""]:
            self.orders.append((json.loads(request.content), request.headers["idempotency-key"]))
            rebuild_id = f"01rebuild{len(self.orders)}"
            self.jobs[rebuild_id] = [{**step, "rebuild_id": rebuild_id} for step in self.courses[len(self.orders) - 1]]
            return httpx.Response(202, json=self.jobs[rebuild_id][0])
        if parts[0] not in self.jobs:
            return httpx.Response(404, json={"type": "x/not-found", "title": "There is no such rebuild"})
        course = self.jobs[parts[0]]
        if parts[1:] == ["stop"]:
            self.stopped.append(parts[0])
            return httpx.Response(200, json={**course[-1], "state": "stopped"})
        if len(course) > 1:
            course.pop(0)
        return httpx.Response(200, json=course[0])
