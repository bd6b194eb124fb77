"""Cookies, headers and forms that no browser of ours sends: whoever sends them is refused, and nothing breaks."""

import pytest

from tests.unit.portal.portal_fixture import cookies_of

ODD = [
    "",
    "=",
    "x",
    "." * 50,
    "\xff" * 40,
    "%ED%B3%BF",
    "\\udcff",
    "W10",
    "bnVsbA",
    '"quoted\\"',
    "A" * 4000,
    "eyJhbGciOiJub25lIn0.e30.",
    "9" * 4000,
    "a=b=c",
    "../../etc/passwd",
]


@pytest.mark.parametrize("odd", ODD)
def test_no_cookie_of_anybody_makes_a_fault(portal, odd):
    """On pages, on sign-in, on its callback and on sign-out; each cookie alone, and all of them."""
    genuine = cookies_of(portal, portal.session())
    jars = [genuine | {role: odd} for role in genuine] + [dict.fromkeys([*genuine, "attempt"], odd)]
    for jar in jars:
        cookie = "; ".join(f"__Host-scalper-{role}={value}" for role, value in jar.items()).encode("latin-1")
        for method, path in (
            ("GET", "/files"),
            ("GET", "/"),
            ("GET", "/sign-in"),
            ("GET", "/signed-out"),
            ("GET", "/auth/callback?state=x&code=y"),
            ("POST", "/sign-out"),
        ):
            assert portal.visitor().request(method, path, headers={"cookie": cookie}).status_code < 500, (method, path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hx-current-url", "http://["),
        ("hx-current-url", "//[::1"),
        ("hx-current-url", "http://a\xff/"),
        ("host", "["),
        ("host", "[::1"),
        ("host", "a b"),
        ("origin", "http://["),
        ("referer", "http://["),
        ("x-csrf-token", "\xff"),
        ("x-background", "\xff"),
        ("accept", "text/html;q=x"),
        ("content-type", "multipart/form-data"),
        ("content-type", "multipart/form-data; boundary=\xff"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-7"),
        ("authorization", "Bearer \xff"),
        ("cookie", "\xff"),
        ("cookie", "; ;=;=="),
        ("x-forwarded-proto", "["),
    ],
)
def test_no_header_of_anybody_makes_a_fault(portal, name, value):
    htmx = {"hx-request": "1"} if name.startswith("hx-") else {}
    for client in (portal.visitor(), portal.browser()):
        for method, path in (
            ("GET", "/files"),
            ("GET", "/sign-in"),
            ("GET", "/auth/callback?state=x&code=y"),
            ("POST", "/sign-out"),
            ("GET", "/nowhere"),
        ):
            response = client.request(method, path, headers={**htmx, name: value.encode("latin-1")})
            assert response.status_code < 500, (method, path)


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "utf-7", "utf-16", "idna", "base64", "x"])
def test_no_code_that_a_form_says_it_is_written_in_makes_a_fault(portal, charset):
    for token in (b"\\udcff", b"+2P8-", b"xn--\xff", b"a..b"):
        body = b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token + b"\r\n--b--\r\n"
        client = portal.browser()
        del client.headers["x-csrf-token"]
        headers = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
        assert client.post("/sign-out", content=body, headers=headers).status_code in {400, 403}, token
