"""A run kept beside the one shown: the same chance, the same week, what differs and since when."""

import json
import re
import threading
from html import unescape

import numpy as np
import pytest

from sim.config.compose import compose
from sim.runs.play import play_one
from sim.runs.story import tell
from sim.view.board.moves import parting
from sim.view.choices import Start
from sim.view.controls import differing
from sim.view.session import Session
from sim.view.watch import Ensemble

LINE = "preset=opposition&seed=4&public=none&horizon=156"
OVERRIDES = LINE.split("&")
OTHER = "before_ratification"


def kept_session() -> Session:
    """Return a session that keeps one run and shows another, which differs in one rule."""
    session = Session(Start(), f"{LINE}&replicate=2")
    session.keep(True)
    session.choose("precondition", OTHER)
    session.reset()
    assert not session.messages
    return session


def test_both_are_shown_in_the_same_week_on_the_same_chance() -> None:
    session = kept_session()
    for week in (1, 40, 12, 156, 0):
        session.go(week)
        session.panels()
        assert session.kept is not None
        assert session.kept.watch.now.played == session.watch.now.played == week


def charted(panel: str) -> list[dict[str, list[float | None]]]:
    """Return the lines of each chart of a panel, as the pointer and CSV read them."""
    return [dict(json.loads(unescape(found))) for found in re.findall(r'data-lines="(.*?)"', panel)]


def test_the_charts_draw_both_runs() -> None:
    session = kept_session()
    session.folded = frozenset()
    session.go(60)
    drawn = session.panels()
    assert session.kept is not None
    kept = session.kept.watch.shown
    shares, worth = charted(drawn["parties"])[:2]
    assert worth["treaty as it stands, run kept"] == [round(s.parties[0].worth, 4) for s in kept]
    assert len(shares["asks for, run kept"]) == len(shares["asks for"]) == 61
    assert drawn["parties"].count("line kept first") == 4  # two lines and their samples
    session.keep(False)
    assert "run kept" not in session.panels()["parties"]


def test_a_home_that_both_runs_have_is_charted_for_both() -> None:
    session = Session(Start(), "preset=opposition&seed=4&horizon=20")
    session.folded = frozenset()
    session.keep(True)
    session.choose("seed", "5")
    session.reset()
    session.go(20)
    (home,) = charted(session.panels()["home"])
    assert session.kept is not None
    at_home = [round(s.homes[0].approval, 4) for s in session.kept.watch.shown]
    assert home["approval, run kept"] == at_home != home["approval of the government"]
    assert "citizens protesting, run kept" in home


def test_they_part_where_two_runs_of_the_engine_do() -> None:
    session = kept_session()
    session.play_to_end()
    panel = session.panels()["beside"]
    one, other = (
        tell(play_one(compose([*OVERRIDES, "replicate=2", *more]), "engine"))
        for more in ([], [f"precondition={OTHER}"])
    )
    weeks = [{line.week: [] for line in run} for run in (one, other)]
    for run, found in zip((one, other), weeks, strict=True):
        for line in run:
            found[line.week].append(line.text)
    first = min(w for w in weeks[0] | weeks[1] if weeks[0].get(w) != weeks[1].get(w))
    assert session.kept is not None
    assert parting(session.kept.watch.all, session.watch.all) == first + 1
    assert f"They part in week {first}" in panel
    session.go(first)
    assert "Up to this week the same happens in both" in session.panels()["beside"]


def test_what_is_set_differently_is_named_in_words() -> None:
    session = kept_session()
    assert session.kept is not None
    apart = differing(session.start, session.kept.state, session.running)
    assert apart == [("Precondition rule", "before signing", "before ratification")]
    session.choose("scenario.discount_rate.armenia.value", "0.2")
    session.choose("strategy@armenia", "firm")
    session.choose("seed", "5")
    session.reset()
    apart = {name: (a, b) for name, a, b in differing(Start(), session.kept.state, session.running)}
    assert apart["discount_rate.armenia"] == ("as it stands", "0.2")
    assert apart["Armenia: strategy"] == ("interim first", "firm")
    assert apart["Seed"] == ("4", "5")
    assert "different chance" in session.panels()["beside"]


def test_the_address_opens_both_again() -> None:
    session = kept_session()
    session.go(33)
    again = Session(Start(), f"{session.address}&week=33")
    assert again.address == session.address
    assert again.panels()["beside"] == session.panels()["beside"]
    assert again.kept is not None
    session.keep(False)
    assert "kept" not in session.address
    assert session.panels()["beside"] == ""


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("agenda=nonsense", "kept: agenda"),
        ("plugins=x.py", "kept: plugins"),
        ("%26%26", ""),
        ("<script>", "kept: "),
    ],
)
def test_a_damaged_address_of_the_kept_run_is_said(kept: str, told: str) -> None:
    session = Session(Start(), f"{LINE}&kept={kept.replace('=', '%3D')}")
    assert session.kept is not None
    assert any(line.startswith(told) for line in session.messages) or not told
    assert "<script>" not in session.panels()["beside"]


def test_the_same_courses_are_counted_in_both() -> None:
    session = kept_session()
    session.play_courses(lambda: None)
    kept = session.kept
    assert kept is not None
    ensembles = [session.ensemble, kept.ensemble]
    for ensemble in ensembles:
        assert isinstance(ensemble, Ensemble)
        for thread in threading.enumerate():
            if thread.name == "courses":
                thread.join(timeout=60)
    one, other = (e.courses.signed for e in (kept.ensemble, session.ensemble) if e is not None)
    assert len(one) == len(other) == 200
    alone = [
        np.count_nonzero(
            [
                play_one(compose([*OVERRIDES, *more, f"replicate={n}"]), "engine").final.signed_week
                >= 0
                for n in range(10)
            ]
        )
        for more in ([], [f"precondition={OTHER}"])
    ]
    assert alone == [int(one[:10].sum()), int(other[:10].sum())]
    panel = session.panels()["beside"]
    assert f"{int((other & ~one).sum())} are signed in the run shown alone" in panel
    assert f"{int((one & ~other).sum())} in the run kept alone" in panel
    session.close()


def test_an_error_that_cut_the_kept_run_off_stands_in_its_column() -> None:
    session = kept_session()
    assert session.kept is not None
    session.kept.watch.failure = "in week 3 the rules raised <b>an error</b>"
    session.go(5)
    assert not session.messages
    assert session.watch.now.played == 5
    assert "in week 3 the rules raised &lt;b&gt;an error" in session.panels()["beside"]
