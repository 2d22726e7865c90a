"""The tour: every stop opens, shows what it says, and a file with errors is told in lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.config import config_folder
from sim.errors import ConfigError
from sim.model.codes import Move, Precondition, Treaty
from sim.view.choices import Start
from sim.view.session import Session
from sim.view.tour import tour_of
from sim.view.watch import Watch

NAMES = sorted(file.stem for file in (config_folder() / "tour").glob("*.yaml"))


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(Start(("horizon=60", "seed=2", "bargaining=packages")))


def moves(watch: Watch) -> list[Move]:
    return [line.move for snapshot in watch.shown for line in snapshot.lines]


CLAIMS: dict[int, Callable[[Watch], bool]] = {
    0: lambda w: sum(p.status.name == "AGREED" for p in w.now.provisions) == 14,
    1: lambda w: Move.INTERIM_SIGNED in {x.move for x in w.now.lines},
    2: lambda w: {Move.INTERIM_PROPOSED, Move.INTERIM_REFUSED} <= {x.move for x in w.now.lines},
    3: lambda w: w.now.status == Treaty.INITIALLED and w.now.rungs.interim < 0,
    4: lambda w: (
        w.now.preconditions[0].status == Precondition.FAILED and Move.FULL_SIGNED not in moves(w)
    ),
    5: lambda w: (
        Move.GOVERNMENT_FOLLOWED in moves(w) and moves(w).count(Move.CONCESSION_OUTSIDE) >= 3
    ),
    6: lambda w: (
        {Move.MEDIATOR_TEXT, Move.TEXT_AGREED, Move.FULL_SIGNED} <= {x.move for x in w.now.lines}
    ),
    7: lambda w: w.now.played == 156,
}
"""What the stops of September 2024 say of their runs."""


@pytest.mark.parametrize("number", CLAIMS)
def test_a_stop_shows_what_it_says(session: Session, number: int) -> None:
    session.go_to_stop(number)
    assert session.messages == []
    assert session.tour is not None
    stop = session.tour.stops[number]
    session.watch.go(max(stop.week, 9))
    session.watch.go(stop.week)
    assert session.stop == number
    assert session.watch.now.played == stop.week
    assert stop.panel not in session.folded
    assert session.overlay == stop.overlay
    assert CLAIMS[number](session.watch)
    again = Session(session.start, session.address)
    assert again.watch.settings == session.watch.settings


def test_every_stop_is_claimed_and_the_tour_can_be_left(session: Session) -> None:
    assert session.tour is not None
    assert len(CLAIMS) == len(session.tour.stops)
    session.go_to_stop(0)
    for nowhere in (-1, 99, "x", None):
        session.go_to_stop(nowhere)
        assert session.stop == -1
    session.go_to_stop(1)
    session.choose("scenario", "march_2025")
    session.reset()
    assert (session.tour, session.stop) == (None, -1)


@pytest.mark.parametrize("name", NAMES)
def test_the_sources_of_a_tour_are_the_scenarios(name: str) -> None:
    tour = tour_of(name, None)
    assert tour is not None
    scenario = Session(Start((f"scenario={name}", "public=none"))).watch.settings.scenario
    assert {stop.source for stop in tour.stops if stop.source} <= set(scenario.sources)


def test_all_that_is_wrong_with_a_tour_is_told(tmp_path: Path) -> None:
    file = tmp_path / "tour" / "mine.yaml"
    file.parent.mkdir()
    file.write_text(
        "title: Mine\nstops:\n"
        "  - {title: One, panel: treaty, text: x, wek: 3}\n"
        "  - {title: Two, panel: text, text: x, settings: {plugins: evil.py}}\n"
        "  - {title: Three, panel: text, text: x,"
        " guess: {question: q, answers: [a, b], right: 2}}\n",
        "utf-8",
    )
    with pytest.raises(ConfigError) as error:
        tour_of("mine", str(tmp_path))
    told = str(error.value)
    for words in ("stops[0].panel", "stops[0].wek", "a link cannot load code", "answers 0 to 1"):
        assert words in told, told
    assert tour_of("none_such", str(tmp_path)) is None
