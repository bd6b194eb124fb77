"""The signals that end `scalper up`: the first one does, and further ones never break the stopping off."""

import signal

import pytest

from infra.local.state.shutdown import StopRequests
from infra.local.up import _stop_on_signals, _Stopped


@pytest.fixture
def requests():
    return StopRequests(clock=iter(range(0, 90, 30)).__next__)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_only_ctrl_c_counts_after_the_first_signal(requests, number):
    before = signal.getsignal(number)
    with _stop_on_signals(requests):
        with pytest.raises(_Stopped):
            signal.raise_signal(number)
        signal.raise_signal(number)
        signal.raise_signal(number)
    assert requests.count == (3 if number == signal.SIGINT else 1)
    assert signal.getsignal(number) == before


def test_ctrl_c_after_an_end_for_another_reason_is_the_second_request(requests):
    with _stop_on_signals(requests) as disarm:
        disarm()
        signal.raise_signal(signal.SIGINT)
    assert requests.count == 2
