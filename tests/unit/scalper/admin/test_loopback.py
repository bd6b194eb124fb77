"""The listener that takes a sign-in's answer: from whom, once, and telling nothing."""

import socket
import threading
from contextlib import closing

import pytest

from scalper.admin.loopback import Answer, Listener
from scalper.errors import SignInError
from tests.unit.scalper.admin.world import ask, free_port

STATE = "s" * 43
RIGHT = f"/callback?code=the-code&state={STATE}"


@pytest.fixture
def listener():
    with Listener(STATE, (free_port(),)) as listener:
        yield listener


def test_the_right_answer_is_taken_once(listener):
    assert ask(listener.port, RIGHT)[0] == 200
    assert ask(listener.port, RIGHT)[0] == 404
    assert listener.wait(5) == Answer(code="the-code")
    assert listener.redirect_uri == f"http://localhost:{listener.port}/callback"


def test_an_error_is_taken_as_an_answer_too(listener):
    ask(listener.port, f"/callback?error=access_denied&state={STATE}")
    assert listener.wait(5) == Answer(error="access_denied")


WRONG = {
    "another state": "/callback?code=forged&state=guess",
    "a state that begins right": f"/callback?code=forged&state={STATE[:-1]}",
    "no state": "/callback?code=forged",
    "two states": f"/callback?code=forged&state={STATE}&state=guess",
    "an error with another state": "/callback?error=access_denied&state=guess",
    "two codes": f"/callback?code=forged&code=the-code&state={STATE}",
    "code and error": f"/callback?code=forged&error=x&state={STATE}",
    "an empty code": f"/callback?code=&state={STATE}",
    "neither": f"/callback?state={STATE}",
    "another path": f"/?code=forged&state={STATE}",
    "a path below": f"/callback/x?code=forged&state={STATE}",
    "a whole address": f"http://localhost/callback?code=forged&state={STATE}",
    "a state that is no ASCII": "/callback?code=forged&state=%C3%A9",
    "many fields": f"/callback?code=forged&state={STATE}" + "&x=1" * 99,
    "no address": "http://[",
}


@pytest.mark.parametrize("case", WRONG)
def test_whatever_else_comes_is_refused_and_the_right_answer_still_awaited(listener, case):
    assert ask(listener.port, WRONG[case])[0] == 404
    assert ask(listener.port, RIGHT)[0] == 200
    assert listener.wait(5) == Answer(code="the-code")


def test_a_page_whose_own_name_leads_here_reaches_nothing(listener):
    for host in ("evil.example", f"evil.example:{listener.port}", "localhost", [f"localhost:{listener.port}"] * 2, []):
        assert ask(listener.port, RIGHT, host=host if host != [] else [])[0] in {400, 404}
    assert ask(listener.port, RIGHT)[0] == 200


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "HEAD", "PUT"])
def test_only_a_get_is_taken(listener, method):
    assert ask(listener.port, RIGHT, method=method)[0] == 501
    assert ask(listener.port, RIGHT)[0] == 200


def test_the_page_holds_nothing_of_the_answer_and_loads_nothing(listener, capfd):
    _, refused, page_refused = ask(listener.port, "/callback?code=other&state=guess")
    _, taken, page_taken = ask(listener.port, RIGHT)
    for headers, page in ((refused, page_refused), (taken, page_taken)):
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        assert headers["Server"] == "scalper"
        assert not any(secret in page for secret in ("the-code", "other", STATE, "guess", "script"))
    assert capfd.readouterr() == ("", ""), "the code stands in what is printed"


def test_a_connection_on_which_nothing_comes_keeps_the_answer_from_nobody(listener):
    with closing(socket.create_connection(("127.0.0.1", listener.port))):
        assert ask(listener.port, RIGHT)[0] == 200


def test_a_browser_that_hangs_up_has_answered_all_the_same(listener, capfd):
    with closing(socket.create_connection(("127.0.0.1", listener.port))) as line:
        line.sendall(f"GET {RIGHT} HTTP/1.1\r\nHost: localhost:{listener.port}\r\n\r\n".encode())
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert listener.wait(5) == Answer(code="the-code")
    assert "Traceback" not in capfd.readouterr().err


def test_nobody_beyond_this_machine_reaches_it(listener):
    bound = {server.server_address[0] for server in listener._servers}
    assert bound <= {"127.0.0.1", "::1"}
    assert "127.0.0.1" in bound


def test_a_port_that_somebody_has_is_passed_over_at_whichever_address():
    taken, free = free_port(), free_port()
    with closing(socket.create_server(("127.0.0.1", taken))), Listener(STATE, (taken, free)) as listener:
        assert listener.port == free


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_a_port_of_which_somebody_has_the_other_address_is_passed_over():
    taken, free = free_port(), free_port()
    squatter = socket.create_server(("::1", taken), family=socket.AF_INET6)
    with closing(squatter), Listener(STATE, (taken, free)) as listener:
        assert listener.port == free


def test_where_all_ports_are_taken_a_sentence_says_which():
    taken = free_port()
    with (
        closing(socket.create_server(("127.0.0.1", taken))),
        pytest.raises(SignInError, match=f"all taken on this machine: {taken}"),
    ):
        Listener(STATE, (taken,))


def test_nobody_is_waited_for_without_end(listener):
    with pytest.raises(SignInError, match=r"within 0\.01 seconds"):
        listener.wait(0.01)


def test_once_left_nobody_listens(listener):
    threads = threading.active_count()
    with Listener(STATE, (free_port(),)) as other:
        port = other.port
    with pytest.raises(ConnectionRefusedError):
        ask(port, RIGHT)
    assert threading.active_count() <= threads + 2
