"""What a page asks about its session."""

from portal.sign_in.cookies import IDLE_SECONDS


def left(answer):
    assert answer.status_code == 200
    return answer.json()["seconds"]


def test_asking_how_long_the_session_lives_does_not_prolong_it(portal):
    browser = portal.browser()
    portal.clock.forward(minutes=10)
    assert left(browser.get("/session", headers={"x-background": "1"})) in range(IDLE_SECONDS - 602, IDLE_SECONDS - 598)
    portal.clock.forward(minutes=6)
    gone = browser.get("/session", headers={"x-background": "1", "accept": "application/json"})
    assert gone.status_code == 401


def test_staying_prolongs_it(portal):
    browser = portal.browser()
    for _ in range(3):
        portal.clock.forward(minutes=10)
        assert left(browser.post("/session")) == IDLE_SECONDS


def test_staying_needs_the_csrf_token(portal):
    browser = portal.browser()
    del browser.headers["x-csrf-token"]
    assert browser.post("/session").status_code == 403


def test_an_ended_session_is_told_so_and_led_back(portal):
    browser = portal.browser()
    portal.clock.forward(minutes=16)
    answer = browser.get("/signed-out?next=/files%3Fstate%3Drejected")
    assert answer.status_code == 200
    assert 'href="/sign-in?next=/files%3Fstate%3Drejected"' in answer.text
    assert portal.pool.revoked == ["refresh-1"]


def test_no_address_leads_elsewhere_and_a_living_session_is_left_alone(portal):
    assert 'href="/sign-in?next=/"' in portal.visitor().get("/signed-out?next=//evil.test").text
    assert portal.browser().get("/signed-out").headers["location"] == "/"
    assert portal.pool.revoked == []


def test_only_pages_of_somebody_signed_in_carry_the_warning(portal):
    assert "data-idle" in portal.browser().get("/files").text
    assert "data-idle" not in portal.visitor().get("/").text
