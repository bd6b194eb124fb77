from intake.files.states import JUDGED, LIFECYCLE, TRANSITIONS, State, may_become


def test_every_state_has_its_row_in_the_table_of_transitions():
    assert set(TRANSITIONS) == set(State)


def test_a_redelivered_event_never_overwrites_a_verdict():
    for target in JUDGED:
        assert not may_become(target) & JUDGED


def test_reprocessing_may_overturn_a_rejection_but_not_an_acceptance():
    assert State.REJECTED in may_become(State.ACCEPTED, reprocessing=True)
    assert State.ACCEPTED not in may_become(State.REJECTED, reprocessing=True)


def test_a_file_that_arrives_after_its_time_is_still_judged():
    assert State.EXPIRED in may_become(State.ACCEPTED)


def test_nothing_becomes_awaited_again():
    assert not may_become(State.AWAITING_UPLOAD)


def test_no_transition_leads_back_in_the_order_in_which_lists_are_read():
    place = {state: number for number, states in enumerate(LIFECYCLE) for state in states}
    assert set(place) == set(State)
    assert sum(map(len, LIFECYCLE)) == len(State)
    moves = [(source, target) for source, targets in TRANSITIONS.items() for target in targets if source is not target]
    assert [move for move in moves if place[move[0]] >= place[move[1]]] == []
