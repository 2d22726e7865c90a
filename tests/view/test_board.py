"""The panels: what they show of a snapshot, and that nothing of a scenario gets through as HTML."""

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.config.compose import compose, compose_plain
from sim.config.settings import AgendaSetting, Settings, build_settings
from sim.model.codes import Article, Contact, Gate, Move, Precondition, Treaty
from sim.runs.story import tell
from sim.view import board
from sim.view.board import TITLES, Shown, panels
from sim.view.board.graphs import channels_panel, drawn_graph, public_panel
from sim.view.board.markup import (
    MOST_POINTS,
    WIDTH,
    Frame,
    Mark,
    Series,
    line_chart,
    placed,
    plain_day,
)
from sim.view.board.moves import moves_panel, why_panel
from sim.view.board.parties import home_panel, parties_panel
from sim.view.board.path import (
    SIGNATURES,
    compared,
    gate_detail,
    path_panel,
    preconditions_panel,
    rungs,
    sentence,
    text_panel,
)
from sim.view.choices import Choices, Start, State, settings_of
from sim.view.controls import conduct_words
from sim.view.watch import Watch
from tests.as_a_whole import AS_A_WHOLE

VOID = {"br", "img", "input", "path", "line", "rect", "circle", "use"}
EVIL = "<script>alert(1)</script>\" onload='x' & <b>"


class Balance(HTMLParser):
    """Checks that every tag is closed where it should be, and collects text and tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def parsed(html: str) -> Balance:
    found = Balance()
    found.feed(html)
    found.close()
    assert found.open == []
    return found


def words(html: str) -> str:
    return " ".join(" ".join(parsed(html).words).split())


@pytest.fixture(scope="module")
def settings() -> Settings:
    return compose(AS_A_WHOLE)


@pytest.fixture(scope="module")
def watch(settings: Settings) -> Watch:
    played = Watch(settings)
    played.play_to_end()
    return played


def unfolded(watch: Watch, everything: bool = False) -> Shown:
    conduct = conduct_words(Start(), State(Choices(), watch.settings))
    return Shown(watch.settings, watch.shown, everything, everything, conduct=conduct)


@pytest.mark.parametrize("week", [0, 1, 60, 110, 141, 156])
@pytest.mark.parametrize("overlay", [False, True])
def test_every_panel_is_whole_html(watch: Watch, week: int, overlay: bool) -> None:
    watch.go(week)
    layout = drawn_graph(watch.model.talks.publics[0])
    found = panels(unfolded(watch, overlay), layout)
    for name, html in found.items():
        assert parsed(html).words, name
    for name in set(found) - {"header"}:
        assert f'id="title-{name}"' in found[name]


def test_a_snapshot_is_drawn_the_same_however_it_was_reached(watch: Watch) -> None:
    """Going back shows what was shown before: nothing of the future is drawn."""
    layout = drawn_graph(watch.model.talks.publics[0])
    fresh = Watch(watch.settings)
    fresh.go(40)
    watch.go(156)
    watch.go(40)
    assert panels(unfolded(watch), layout) == panels(unfolded(fresh), layout)


def test_a_folded_panel_is_its_heading_alone(watch: Watch) -> None:
    layout = drawn_graph(watch.model.talks.publics[0])
    whole = panels(unfolded(watch), layout)
    found = panels(unfolded(watch)._replace(folded=frozenset(TITLES)), layout)
    for name, title in TITLES.items():
        assert words(found[name]) == title
        assert words(whole[name]).startswith(title)
        assert 'aria-expanded="true"' in whole[name]
        assert 'aria-expanded="false"' in found[name]


def test_text_of_a_scenario_is_escaped() -> None:
    plain = compose_plain(["horizon=30"])
    scenario = plain["scenario"]
    assert isinstance(scenario, dict)
    scenario["title"] = EVIL
    for actor in scenario["actors"].values():
        actor["name"] = EVIL
    scenario["mediator"]["name"] = scenario["opposition"]["name"] = EVIL
    scenario["preamble"]["title"] = EVIL
    raised = (*scenario["articles"].values(), *scenario["preconditions"].values())
    for n, entry in enumerate(raised):
        entry["title"] = f"{EVIL} {n}"
    for entry in (*scenario["timeline"], *scenario["calendar"], *scenario["sources"].values()):
        entry["title"] = EVIL
    for n, entry in enumerate(scenario["articles"].values()):
        entry["number"] = f"{EVIL} {n}"
    evil = Watch(build_settings(plain))
    evil.play_to_end()
    layout = drawn_graph(evil.model.talks.publics[0])
    for html in (
        *panels(unfolded(evil, everything=True), layout).values(),
        why_panel(evil),
    ):
        found = parsed(html)
        assert not found.tags & {"script", "iframe", "object", "embed", "link", "style"}
        assert not {name for name in found.attributes if name.startswith("on")}
        assert "<script" not in html


def test_strip_counts_and_gaps(watch: Watch) -> None:
    scenario = watch.settings.scenario
    watch.go(0)
    told = words(text_panel(scenario, watch.now))
    statuses = [p.status for p in watch.now.provisions]
    assert f"{statuses.count(Article.AGREED)} agreed" in told
    assert f"{statuses.count(Article.HALF)} half" in told
    open_then = [p for p in watch.now.provisions if p.status != Article.AGREED]
    assert told.count("gap 1.00") == len(open_then) == 3
    watch.go(156)
    told = words(text_panel(scenario, watch.now))
    assert f"{len(statuses)} agreed" in told
    assert "gap" not in told


def test_strip_shows_each_status_with_its_own_mark(watch: Watch) -> None:
    watch.go(0)
    html = text_panel(watch.settings.scenario, watch.now)
    for status, mark in ((Article.AGREED, "●"), (Article.HALF, "◐")):
        assert f'<li class="{status.name.lower()}"' in html
        assert mark in html


def test_rungs_stand_where_the_dates_say(watch: Watch) -> None:
    watch.go(0)
    free = watch.settings
    bound = free.model_copy(update={"agenda": AgendaSetting(rule="single_undertaking")})
    assert [r.standing for r in rungs(free, watch.now)] == ["here", *["ahead"] * 5]
    assert [r.standing for r in rungs(bound, watch.now)] == [
        "here", "ahead", "ahead", "barred", "ahead", "ahead"
    ]  # fmt: skip
    assert "not under this agenda" in path_panel(bound, watch.now, overlay=False)
    watch.go(156)
    assert watch.now.status == Treaty.RATIFIED
    assert [r.standing for r in rungs(free, watch.now)] == [
        "done", "done", "done", "passed", "done", "here"
    ]  # fmt: skip
    assert [r.standing for r in rungs(bound, watch.now)][3] == "barred"


def test_rungs_that_cannot_come_any_more_are_not_ahead(watch: Watch) -> None:
    watch.go(156)
    settings = watch.settings
    reached = watch.now.rungs
    signed = replace(
        watch.now,
        status=Treaty.SIGNED_FULL,
        rungs=replace(reached, initialled=-1, ratified=-1, full=80),
        played=81,
    )
    standing = [r.standing for r in rungs(settings, signed)]
    assert standing == ["done", "done", "passed", "passed", "here", "ahead"]
    assert [r.standing for r in rungs(settings, replace(signed, played=156))][-1] == "lost"
    never = replace(reached, text=-1, initialled=-1, interim=-1, full=-1, ratified=-1)
    fallen = replace(signed, status=Treaty.GOVERNMENT_FELL, ended=True, rungs=never)
    assert [r.standing for r in rungs(settings, fallen)] == ["done", *["lost"] * 5]
    html = path_panel(settings, fallen, overlay=False)
    assert html.count("<small>not reached</small>") == 5
    assert '<span class="unseen">not reached: </span>' in html
    assert "ahead" not in html


def test_this_weeks_gates_are_named_with_their_figures(watch: Watch) -> None:
    watch.go(111)
    assert watch.now.gates == (Gate.PRECONDITION,)
    told = words(path_panel(watch.settings, watch.now, overlay=False))
    assert "precondition unmet" in told
    assert "A new constitution of Armenia" in told
    watch.go(60)
    told = words(path_panel(watch.settings, watch.now, overlay=False))
    assert "Armenia waits" in told
    assert "offered" in told


def test_figures_of_a_party_that_waits_do_not_contradict_it(watch: Watch) -> None:
    watch.go(60)
    gates = (Gate.FIRST_WAITS,)
    first, second = watch.now.parties

    def told(**figures: float | None) -> str:
        party = replace(first, **figures)  # type: ignore[arg-type]
        now = replace(watch.now, gates=gates, parties=(party, second))
        return gate_detail(watch.settings, now, Gate.FIRST_WAITS).replace("&nbsp;", " ")

    assert told(offered=0.05, target=0.02) == "asks for 2 % of what is open"
    assert told(offered=0.05, target=0.3) == "offered 5 % of what is open, asks for 30 %"
    assert told(now=0.1652, wait=0.1654) == "signing 0.1652, waiting 0.1654, 0.0002 more"
    assert told(now=0.1, wait=0.3) == "signing 0.100, waiting 0.300, 0.200 more"
    assert told(now=0.3, wait=0.1) == "signing 0.300, waiting 0.100"


@given(st.floats(0.0, 1.0), st.floats(-0.01, 0.3))
def test_the_figures_of_a_gate_add_up(signing: float, more: float) -> None:
    told = compared(signing, signing + more)
    figures = [Decimal(word) for word in re.findall(r"-?\d\.\d+", told)]
    if len(figures) == 3:
        assert figures[1] - figures[0] == figures[2] > 0
    else:
        assert figures[1] <= figures[0]


def test_the_sentence_says_who_would_sign_and_who_not(watch: Watch) -> None:
    """In every week, what is said agrees with what both sides' utilities say."""
    for week in range(1, watch.played + 1):
        watch.go(week)
        told = sentence(watch.settings, watch.now)
        assert f"{plain_day(watch.now.day)}: " in told
        if watch.now.status in SIGNATURES:
            assert "would" not in told
            continue
        pairs = [
            (p.interim_now, p.interim_wait) if p.now is None else (p.now, p.wait)
            for p in watch.now.parties
        ]
        for name, (now, wait) in zip(("Armenia", "Azerbaijan"), pairs, strict=True):
            if now is None or wait is None:
                assert "would" not in told
            elif "oth would" in told or f"{name} would sign" in told:
                assert now >= wait, told
            else:
                assert now < wait, told
                assert f"{name} would not" in told or "either would" in told


def test_the_opening_asks_the_question(watch: Watch) -> None:
    watch.go(0)
    told = sentence(watch.settings, watch.now)
    assert told.startswith("Armenia and Azerbaijan: ")
    assert told.endswith("Will they sign a peace treaty, and if not, why?")


@pytest.mark.parametrize("scenario", ["september_2024", "prespa_2018"])
def test_no_label_of_a_channel_covers_a_name(scenario: str) -> None:
    """Everybody speaks to everybody at once; letters are taken to be 7.4 units wide."""
    start = Start(config_name="prespa_2018") if scenario == "prespa_2018" else Start()
    talks = Watch(settings_of(start, Choices()))
    channels = tuple(replace(c, contact=Contact.MEETING) for c in talks.now.channels)
    html = channels_panel(talks.settings.scenario, replace(talks.now, channels=channels))
    plates = re.findall(r'class="plate \w+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', html)
    names = re.findall(
        r'class="name" style="text-anchor:(\w+)" x="([\d.]+)" y="([\d.]+)">([^<]+)<', html
    )
    assert len(plates) == len(channels)
    assert names
    for anchor, at, base, name in names:
        width = 7.4 * len(name)
        left = float(at) - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
        for x, y, wide in plates:
            apart = float(x) > left + width or float(x) + float(wide) < left
            assert apart or float(y) > float(base) + 3 or float(y) + 20 < float(base) - 11, name


def test_no_party_lends_its_colour_to_the_public(watch: Watch) -> None:
    watch.go(60)
    html = home_panel(watch.settings, watch.shown, overlay=False)
    assert not re.findall(r'class="line \w+ (?:first|second|mediator)"', html)
    css = (Path(board.__file__).parents[1] / "assets" / "custom.css").read_text()
    for rule in re.findall(r"^(?:\.dots\.\w+|path\.record) .*$", css, re.MULTILINE):
        assert not re.search(r"--(first|second|mediator|opposition)\b", rule), rule


def test_talks_that_break_down_say_why() -> None:
    played = Watch(settings_of(Start(), Choices()))
    played.play_to_end()
    assert played.now.status in (Treaty.COLLAPSED, Treaty.GOVERNMENT_FELL)
    html = path_panel(played.settings, played.now, overlay=False)
    assert 'class="broken" aria-current="step"' in html
    assert played.now.lines[-1].why in words(html)


def test_demands_show_their_step_and_end(watch: Watch) -> None:
    scenario = watch.settings.scenario
    watch.go(156)
    html = preconditions_panel(scenario, watch.now)
    assert [p.status for p in watch.now.preconditions] == [
        Precondition.WAIVED, Precondition.MET, Precondition.DORMANT
    ]  # fmt: skip
    assert '<li class="broken" aria-current="step"><b>waived</b>' in html
    assert "Unimpeded passage" not in html


def test_contacts_are_lit_and_said(watch: Watch) -> None:
    scenario = watch.settings.scenario
    seen = set()
    for week in range(1, 157):
        watch.go(week)
        html = channels_panel(scenario, watch.now)
        for channel in watch.now.channels:
            seen.add(channel.contact)
        calls = sum(c.contact == Contact.CALL for c in watch.now.channels)
        meetings = sum(c.contact == Contact.MEETING for c in watch.now.channels)
        assert html.count('class="edge call"') == calls
        assert html.count('class="edge meeting"') == meetings
        assert html.count("<li><b>call</b>") == calls
        assert ("✕ closed" in html) == (watch.now.closed_until > 0)
    assert seen == set(Contact)


def test_every_citizen_is_drawn_once_and_protest_has_its_own_shape(watch: Watch) -> None:
    watch.go(100)
    layout = drawn_graph(watch.model.talks.publics[0])
    html = public_panel(watch.settings, watch.now, layout)
    dots = re.findall(r'<path class="dots (?:for|between|against)" d="([^"]+)"', html)
    counted = [int(n) for n in re.findall(r"<b>(\d+)</b>", html)]
    assert sum(counted[:3]) == len(watch.now.public.opinion) == 300
    assert sum(d.count("M") for d in dots if d != "M7 7h0") == 300
    assert counted[3] == int(watch.now.public.protesting.sum())
    protesting = np.ones(300, bool)
    crowd = replace(watch.now, public=replace(watch.now.public, protesting=protesting))
    html = public_panel(watch.settings, crowd, layout)
    triangles = re.search(r'<path class="triangles" d="((?:M[^"]+)+)"', html)
    assert triangles is not None
    assert triangles[1].count("M") == 300


def test_layout_is_the_same_for_the_same_graph(watch: Watch) -> None:
    one, other = Watch(watch.settings), Watch(watch.settings)
    assert drawn_graph(one.model.talks.publics[0]) == drawn_graph(other.model.talks.publics[0])
    assert len(drawn_graph(one.model.talks.publics[0])["places"].split(",")) == 300


def test_no_public_is_said() -> None:
    bare = Watch(settings_of(Start(), Choices({"public": "none"})))
    layout = drawn_graph(bare.model.talks.publics[0])
    assert layout == {"ties": "", "places": ""}
    assert "No public" in words(public_panel(bare.settings, bare.now, layout))


def test_log_tells_every_move_with_its_reason(watch: Watch) -> None:
    watch.go(156)
    told = words(moves_panel(watch.settings, watch.shown, overlay=False, all_moves=True))
    lines = tell(watch.record())
    assert len(lines) > 30
    for line in lines:
        assert line.said in told
        assert line.why in told


def test_log_is_cut_and_says_so(watch: Watch) -> None:
    watch.go(156)
    html = moves_panel(watch.settings, watch.shown, overlay=False, all_moves=False)
    shown = html.count("<li ")
    left_out = len(tell(watch.record())) - shown
    assert f"{left_out} earlier moves are not shown" in html


def test_the_record_is_shown_up_to_the_week_and_no_further(watch: Watch) -> None:
    watch.go(26)
    html = moves_panel(watch.settings, watch.shown, overlay=True, all_moves=True)
    assert "15 of 17 articles agreed" in html
    assert "Initialled in Washington" not in html
    assert "In the record:" not in moves_panel(
        watch.settings, watch.shown, overlay=False, all_moves=True
    )


def test_moves_towards_a_treaty_and_away_are_marked_by_shape(watch: Watch) -> None:
    watch.go(156)
    moves = {line.move for line in tell(watch.record())}
    html = moves_panel(watch.settings, watch.shown, overlay=False, all_moves=True)
    assert Move.FULL_SIGNED in moves
    assert "✓" in html
    assert Move.INTERIM_REFUSED in moves
    assert "✕" in html


# --- charts

FRAME = Frame(horizon=1040, low=0.0, high=1.0, height=100.0, ticks=(), years=())


def test_a_line_breaks_where_nothing_is_known() -> None:
    svg = line_chart("x", FRAME, [Series("s", "line", [0.1, None, 0.2, 0.3])])
    (path,) = re.findall(r'<path class="line" d="([^"]+)"', svg)
    assert path.count("M") == 2
    assert path.count("L") == 1


def test_a_long_line_is_thinned_and_keeps_its_end() -> None:
    values = [n / 1040 for n in range(1041)]
    svg = line_chart("x", FRAME, [Series("s", "line", values)])
    (path,) = re.findall(r'<path class="line" d="([^"]+)"', svg)
    assert path.count("L") <= MOST_POINTS
    assert path.endswith(f"{FRAME.x(1040):.1f}".removesuffix(".0") + " 28")


def test_values_beyond_the_scale_stay_on_its_edge() -> None:
    assert FRAME.y(5.0) == FRAME.y(1.0)
    assert FRAME.y(-5.0) == FRAME.y(0.0)


@pytest.mark.parametrize(
    "marks",
    [
        ((225.0, "interim"), (247.0, "text"), (300.0, "ratified"), (322.0, "signed")),
        ((225.0, "interim"), (247.0, "text"), (300.0, "signed"), (322.0, "ratified")),
        ((32.0, "text"), (34.0, "interim")),
        ((420.0, "signed"), (424.0, "ratified"), (424.0, "end")),
        ((100.0, "text"), (105.0, "interim"), (108.0, "signed"), (112.0, "ratified")),
        (),
    ],
)
def test_words_of_marks_do_not_overlap(marks: tuple[tuple[float, str], ...]) -> None:
    places = placed(marks, WIDTH)
    assert len(places) == len(marks)
    for n, one in enumerate(places):
        assert one.left >= 0.0
        assert one.right <= WIDTH
        for other in places[:n]:
            same_row = one.row == other.row
            assert not same_row or one.right <= other.left or other.right <= one.left


def test_ticks_of_the_record_leave_the_years_readable() -> None:
    frame = Frame(horizon=52, low=0.0, high=1.0, height=100.0, ticks=(), years=((9.0, "2025"),))
    svg = line_chart("x", frame, [], [Mark(9.0, "in the record", recorded=True)])
    tick = re.search(r'class="record" d="M[\d.]+ ([\d.]+)l-3.5 7h7z"', svg)
    year = re.search(r'class="tick" x="[\d.]+" y="([\d.]+)">2025', svg)
    assert tick is not None
    assert year is not None
    capital = 9.0
    assert float(tick[1]) + 7.0 < float(year[1]) - capital


def test_utility_of_a_part_and_of_the_whole_are_told_apart(watch: Watch) -> None:
    watch.go(110)
    closed = watch.now.rungs.text
    parts = [snapshot.parties[0] for snapshot in watch.shown]
    assert any(part.interim_now is not None for part in parts)
    assert parts[-1].now is not None
    html = parties_panel(watch.settings, watch.shown, overlay=False)
    told = words(html)
    assert f"before week {closed} of the agreed part, then of all" in told
    assert "of the full treaty" not in told
    worth = html.split("<svg")[5]
    assert worth.count('class="line solid first"') == 2
    watch.go(20)
    assert "signing and waiting of the agreed part" in words(
        parties_panel(watch.settings, watch.shown, overlay=False)
    )
