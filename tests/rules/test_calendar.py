"""Phase 1: dated events, incidents, and who speaks to whom."""

import pytest

from sim.model.codes import Actor, CalendarKind, Contact, Move, Reason, Treaty
from sim.model.rules.calendar import happen, meet
from sim.theory.minimal_talks import minimal_talks
from tests.rules.hand import open_week


def first_phase(params, week_number=0, incident=1.0, escalation=1.0, contact=1.0, **state):
    """Return the week after phase 1; shocks of 1 mean that nothing happens."""
    week = open_week(params)
    week.state.week = week_number
    for name, value in state.items():
        week.state[name] = value
    here = week.shocks[week_number]
    here.incident, here.escalation, here.contact[:] = incident, escalation, contact
    happen(params, week.state, week.shocks, week.events)
    meet(params, week.state, week.shocks, week.events)
    return week


@pytest.mark.parametrize(
    ("kind", "week", "attention"),
    [
        (CalendarKind.ADMINISTRATION, 3, 0.2),
        (CalendarKind.SUMMIT, 3, 0.2),
        (CalendarKind.NOTE, 3, 1.0),
        (CalendarKind.ELECTION, 3, 1.0),
        (CalendarKind.ADMINISTRATION, 2, 1.0),
    ],
)
def test_a_change_of_administration_or_a_summit_sets_attention(kind, week, attention):
    params = minimal_talks()
    params.dates, params.date_week[0], params.date_kind[0] = 1, 3, kind
    params.date_value[0] = 0.2
    assert first_phase(params, week).state.attention == attention


def test_a_date_without_a_value_leaves_attention():
    params = minimal_talks()
    params.dates, params.date_kind[0], params.date_value[0] = 1, CalendarKind.ADMINISTRATION, -1.0
    assert first_phase(params).state.attention == 1.0


def test_an_incident_closes_the_direct_channel_for_its_weeks():
    params = minimal_talks(incident_rate=0.1, suspension_weeks=2.0, incident_approval=-0.05)
    week = first_phase(params, incident=0.05)
    assert week.state.approval == pytest.approx([0.95, 0.95])
    opened = []
    for number in range(4):
        week.state.week = number
        if number:
            week.shocks[number].incident = 1.0
            happen(params, week.state, week.shocks, week.events)
        meet(params, week.state, week.shocks, week.events)
        opened.append(int(week.state.channel_open))
    assert opened == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("status", "escalation", "ends"),
    [
        (Treaty.OPEN, 0.1, True),
        (Treaty.OPEN, 0.3, False),
        (Treaty.TEXT_AGREED, 0.1, True),
        (Treaty.SIGNED_INTERIM, 0.1, False),
        (Treaty.SIGNED_FULL, 0.1, False),
    ],
)
def test_an_incident_may_end_talks_that_are_not_signed(status, escalation, ends):
    params = minimal_talks(incident_rate=0.1, collapse_odds=0.2)
    week = first_phase(params, incident=0.05, escalation=escalation, status=status)
    assert (week.state.status == Treaty.COLLAPSED) == bool(week.state.ended) == ends
    if ends:
        assert week.state.end_reason == Reason.ESCALATION


def four_channels(**rates):
    """Return talks with a direct channel, the mediator's two, and the opposition's."""
    params = minimal_talks()
    params.edges = 4
    params.edge[:4] = [[0, 1], [2, 0], [1, 2], [0, 3]]
    for name, values in rates.items():
        params[name][:4] = values
    return params


def test_one_number_settles_meeting_call_or_silence():
    params = four_channels(meeting_rate=[0.2] * 4, call_rate=[0.3] * 4)
    drawn = [0.19, 0.2, 0.49, 0.51]
    week = open_week(params)
    week.shocks[0].contact[:4] = drawn
    meet(params, week.state, week.shocks, week.events)
    assert week.state.contact[:4].tolist() == [
        Contact.MEETING,
        Contact.CALL,
        Contact.CALL,
        Contact.SILENT,
    ]


def test_the_mediator_opens_a_channel_and_hosts_when_the_direct_one_is_closed():
    params = four_channels(meeting_rate=[0, 1, 1, 0])
    week = first_phase(params, suspended_until=5.0, contact=0.5)
    assert week.state.channel_open
    assert week.state.parties_met
    written = [e for e in week.events[: week.state.events] if e.move == Move.MEETING]
    assert [int(e.actor) for e in written] == [Actor.MEDIATOR]
    calls = four_channels(meeting_rate=[0, 1, 0, 0], call_rate=[0, 0, 1, 0])
    week = first_phase(calls, suspended_until=5.0, contact=0.5)
    assert week.state.channel_open
    assert not week.state.parties_met


def test_one_side_alone_with_the_mediator_opens_nothing():
    params = four_channels(meeting_rate=[1, 1, 0, 0])
    week = first_phase(params, suspended_until=5.0, contact=0.5)
    assert not week.state.channel_open
    assert not week.state.parties_met


def test_at_a_summit_all_meet_but_for_a_suspended_channel():
    params = four_channels()
    params.dates, params.date_kind[0] = 1, CalendarKind.SUMMIT
    assert first_phase(params).state.contact[:4].tolist() == [Contact.MEETING] * 4
    suspended = first_phase(params, suspended_until=5.0).state
    assert suspended.contact[:2].tolist() == [Contact.SILENT, Contact.MEETING]
