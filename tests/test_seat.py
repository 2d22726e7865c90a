"""A person in a party's seat: the same run in both drivers, each decision, what a seat sees."""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sim.commands.cli import main
from sim.config import config_folder
from sim.config.compose import compose
from sim.config.decisions import FREE, decision_problems, issue_of
from sim.config.settings import Settings
from sim.errors import ConfigError
from sim.model.codes import Article, Gate, Heeded, Move, Precondition, Question, Reason, Treaty
from sim.model.records import ARTICLES
from sim.runs.opening import RunRecord
from sim.runs.outcomes import outcomes
from sim.runs.play import debriefing, play_batch, run_engine, run_mesa, unheeded
from sim.runs.seat import Table
from sim.runs.story import percent, tell
from tests.test_homes import settings as two_homes

Capture = pytest.CaptureFixture[str]
QUICK = ["public=none", "horizon=60"]
REOPENING = "+scenario.drafts.reopening_cost={value: 0.01, low: 0, high: 1, basis: assumption}"


def talks(*words: str) -> Settings:
    return compose([*QUICK, *words])


def issue(record: RunRecord, key: str) -> int:
    return issue_of(record.settings.scenario, key)


# --- the same run in both drivers


class AtRandom:
    """Persons who decide at random, whatever they are asked and, now and then, unasked."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.refused = 0

    def play(self, table: Table) -> Table:
        while not table.over:
            if table.asked is None:
                for party in table.parties:
                    self._unasked(table, party)
                table.step()
            elif self.rng.random() < 0.3:
                table.as_advised()
            else:
                self._answer(table)
        return table

    def _try(self, table: Table, party: str, words: str) -> None:
        try:
            table.decide(party, words)
        except ConfigError:
            self.refused += 1

    def _answer(self, table: Table) -> None:
        assert table.asked is not None
        verb = str(self.rng.choice(table.asked.answers))
        keys = [entry.key for entry in table.asked.wordings]
        some = [key for key in keys if self.rng.random() < 0.3]
        if verb == "demand":
            verb += f" {self.rng.random():.3f}"
        elif verb == "draft":
            verb += "".join(f" {key}={self.rng.random():.2f}" for key in some or keys[:1])
        elif verb == "take" and self.rng.random() < 0.7:
            verb += "".join(f" {key}" for key in some)
        self._try(table, table.asked.party, verb)

    def _unasked(self, table: Table, party: str) -> None:
        if self.rng.random() > 0.3 or not table.sits(party):
            return
        scenario, state = table.settings.scenario, table.model.talks.state
        articles, demands = [*scenario.provisions], [*scenario.preconditions]
        closed = [key for i, key in enumerate(articles) if state.article[i] == Article.AGREED]
        verb = str(self.rng.choice(FREE, p=[0.15, 0.3, 0.3, 0.24, 0.01]))
        if verb == "concede":
            verb += f" {self.rng.choice([*articles, *demands, 'outside'])}"
        elif verb == "drop":
            verb += f" {self.rng.choice(demands)}"
        elif verb == "reopen":
            verb += f" {self.rng.choice(closed or articles)}"
        self._try(table, party, verb)


PLACES: list[list[str]] = [
    [],
    ["bargaining=packages"],
    ["agenda=single_undertaking", REOPENING],
    ["agenda=single_undertaking", "bargaining=packages", "mediator=formulation"],
    ["agenda=issue_by_issue", "mediator=formulation"],
    ["agenda=issue_by_issue", "bargaining=packages"],
    ["mediator=manipulation", "preset=washington"],
    ["mediator=formulation", "preset=opposition"],
    ["preset=baku", "precondition=none"],
    ["preset=yerevan", "precondition=before_ratification"],
    ["public=friedkin_johnsen", "scenario.public.citizens.value=100", "horizon=40"],
    ["strategy@azerbaijan=conceder", "strategy@armenia=conceder", "horizon=120"],
]
SEATS = [("armenia",), ("azerbaijan",), ("armenia", "azerbaijan")]


@pytest.fixture(scope="module")
def games() -> list[Table]:
    """Games of random persons at all places, and one in a country with two homes."""
    opened = [
        Table(talks(*place, f"seed={seed}"), SEATS[(at + seed) % 3])
        for at, place in enumerate(PLACES)
        for seed in range(2)
    ]
    opened.append(Table(two_homes(), ("hill", "valley")))
    return [AtRandom(seed).play(table) for seed, table in enumerate(opened)]


def test_what_is_played_at_the_table_is_the_run_of_its_decisions(games: list[Table]) -> None:
    for table in games:
        record = table.record()
        for again in (run_engine(table.settings), run_mesa(table.settings)):
            assert again.history.tobytes() == record.history.tobytes(), table.settings.decisions
            assert again.events.tobytes() == record.events.tobytes()


def test_an_answer_to_a_question_is_always_carried_out(games: list[Table]) -> None:
    """What nobody asked for can be overtaken within its week, by a text that closes or an end."""
    for table in games:
        idle = [line.split()[2] for line in unheeded(table.record())]
        assert set(idle) <= set(FREE)


def test_games_at_random_carry_out_most_kinds_of_decisions(games: list[Table]) -> None:
    done = 0
    for table in games:
        done |= int(np.bitwise_or.reduce(table.record().history["heeded"], axis=None))
    # Texts are rare, and so are closed articles at a moment at which one may be reopened.
    assert {kind for kind in Heeded if not done & kind} <= {Heeded.TEXT, Heeded.REOPENED}


# --- what is left to the model

UNASKED = {
    *(Move.CONCESSION_ARTICLE, Move.CONCESSION_PROMISE, Move.CONCESSION_OUTSIDE),
    *(Move.INTERIM_PROPOSED, Move.ARTICLE_REOPENED),
}
"""Moves that the model's party makes of itself, and a person only by stating them."""


def is_unasked(event: np.void, side: int) -> bool:
    dropped = event["move"] == Move.PRECONDITION_STEP and event["reason"] == Reason.WAIT_NOT_WORTH
    return event["actor"] == side and (event["move"] in UNASKED or dropped)


def test_who_leaves_all_to_the_model_plays_its_run_up_to_a_move_that_nobody_asks_for() -> None:
    alike = 0
    for at, place in enumerate(PLACES):
        side = at % 2
        settings = talks(*place)
        table = Table(settings, SEATS[side])
        while not table.over:
            table.as_advised()
            table.play_on()
        model, left = run_engine(settings).events, table.record().events
        first = next((n for n, e in enumerate(model) if is_unasked(e, side)), None)
        assert left[:first].tobytes() == model[:first].tobytes(), place
        alike += first is None
    assert 3 <= alike < len(PLACES)


def test_the_advice_is_what_the_delegation_does() -> None:
    advised = Table(talks("bargaining=packages"), ["armenia"])
    followed = Table(talks("bargaining=packages"), ["armenia"])
    while not advised.over:
        asked = advised.asked
        assert asked == followed.asked
        if asked is not None and asked.question == Question.ANSWER:
            followed.decide("armenia", {"refuse it": "refuse"}.get(asked.advice, "take"))
        followed.as_advised()
        advised.as_advised()
        advised.play_on()
        followed.play_on()
    assert advised.record().final["status"] == followed.record().final["status"]


# --- each decision


def decided(*lines: str, words: Sequence[str] = ()) -> RunRecord:
    """Return a run of the default talks with decisions, all of which were carried out."""
    settings = talks(*words).model_copy(update={"decisions": list(lines)})
    assert not decision_problems(lines, settings.scenario, settings.horizon)
    record = run_engine(settings)
    assert unheeded(record) == []
    return record


def moves(record: RunRecord, week: int, side: int) -> dict[Move, np.void]:
    found = record.events[(record.events["week"] == week) & (record.events["actor"] == side)]
    return {Move(int(event["move"])): event for event in found}


def test_a_demand_is_tabled() -> None:
    record = decided("armenia 7 refuse", "armenia 8 demand 0.6")
    offer = moves(record, 8, 0)[Move.OFFER]
    assert (offer["value"], offer["reason"]) == (0.6, Reason.DECIDED)
    assert record.history[8].demanded[0, 0] == 0.6


def test_a_draft_is_tabled_in_its_wordings_and_no_further_than_the_rules_allow() -> None:
    refused = ("armenia 7 refuse",)
    before = decided(*refused).history[7]
    record = decided(*refused, "armenia 8 draft VII=0.4 minsk_group=0.7")
    j, demand = issue(record, "VII"), issue(record, "minsk_group")
    offer = record.history[8].offer[0]
    assert offer[j] == pytest.approx(0.4)
    assert offer[issue(record, "XV")] == pytest.approx(before.offer[0, issue(record, "XV")])
    assert offer[demand] == record.params.ideal[0, demand]  # of two levels, the one that gives less
    conceded = decided(*refused, "armenia 7 concede VII", "armenia 8 draft VII=0")
    floor = conceded.history[7].floor[0, j]
    assert floor > 0.0
    assert conceded.history[8].offer[0, j] == pytest.approx(floor)
    assert moves(record, 8, 0)[Move.OFFER]["reason"] == Reason.DECIDED


def test_a_side_that_is_silent_keeps_its_turn() -> None:
    record = decided("armenia 7 refuse", "armenia 8 silent")
    assert Move.OFFER not in moves(record, 8, 0)
    assert record.history[8].turn == 0
    table = Table(record.settings, ["armenia"])
    table.play_on()
    assert table.asked is not None
    assert table.asked.question == Question.DRAFT


def test_a_draft_is_taken_in_articles_in_whole_or_not_at_all() -> None:
    one, all_of_it, none = (decided(f"armenia 7 {word}") for word in ("take XV", "take", "refuse"))
    keys = [key for key in one.settings.scenario.provisions if key in ("VII", "XV", "unnamed")]
    for record, closed in ((one, ["XV"]), (all_of_it, keys), (none, [])):
        agreed = record.history[7].article == Article.AGREED
        assert [key for key in keys if agreed[issue(record, key)]] == closed
    assert moves(all_of_it, 7, 0)[Move.ACCEPTED]["reason"] == Reason.DECIDED
    assert all_of_it.history[7].text_week == 7


def test_issue_by_issue_all_of_a_draft_is_all_its_articles() -> None:
    record = decided("armenia 7 take", words=["agenda=issue_by_issue"])
    assert (record.history[7].article[: record.params.articles] == Article.AGREED).all()


def test_a_mediators_text_is_taken_or_refused() -> None:
    """The week in which one is found is looked for: texts are rare."""
    words = ["mediator=formulation", "bargaining=packages", "horizon=156"]
    for seed in range(1, 9):
        table = Table(talks(*words, f"seed={seed}"), ["armenia", "azerbaijan"])
        while not table.over:
            if table.asked is not None and table.asked.question == Question.TEXT:
                break
            if table.asked is not None:
                table.decide(
                    table.asked.party,
                    {Question.ANSWER: "refuse", Question.DRAFT: "demand 1"}[table.asked.question],
                )
            table.play_on()
        if not table.over:
            break
    assert table.asked is not None
    week, lines = table.week, table.settings.decisions
    for word, status in (("take_text", Treaty.TEXT_AGREED), ("refuse_text", Treaty.OPEN)):
        chosen = [*lines, f"armenia {week} {word}", f"azerbaijan {week} take_text"]
        record = run_engine(table.settings.model_copy(update={"decisions": chosen}))
        assert unheeded(record) == []
        assert record.history[week].status == status
        refused = moves(record, week, 0).get(Move.TEXT_REFUSED)
        assert (refused is None) == (word == "take_text")
        assert refused is None or refused["reason"] == Reason.DECIDED


def test_the_treaty_is_signed_or_waits_and_waiting_is_charged() -> None:
    table = Table(talks(), ["armenia"])
    while table.asked is None or table.asked.question != Question.SIGNATURE:
        table.as_advised()
        table.play_on()
    week = table.week
    signed = decided(f"armenia {week} sign")
    assert signed.history[week].signed_week == week
    waited = decided(f"armenia {week} wait")
    assert waited.history[week].signed_week < 0
    assert waited.history[week].gates[Gate.FIRST_WAITS]
    assert moves(waited, week, 0)[Move.SIGNING_REFUSED]["reason"] == Reason.DECIDED


def test_the_agreed_part_is_offered_and_signed_or_not() -> None:
    free = ["precondition=none"]
    offered = decided("armenia 7 refuse", "armenia 8 offer_agreed", words=free)
    assert Move.INTERIM_PROPOSED in moves(offered, 8, 0)
    both = ("armenia 8 sign", "azerbaijan 8 sign", "armenia 8 offer_agreed", "armenia 7 refuse")
    signed = decided(*both, words=free)
    assert signed.history[8].status == Treaty.SIGNED_INTERIM
    waits = decided(both[0], "azerbaijan 8 wait", *both[2:], words=free)
    assert waits.history[8].status == Treaty.OPEN
    assert moves(waits, 8, 1)[Move.INTERIM_REFUSED]["reason"] == Reason.DECIDED
    late = signed.settings.model_copy(update={"decisions": [*both, "armenia 9 concede outside"]})
    assert unheeded(run_engine(late)) == ["armenia 9 concede outside"]


def test_what_is_conceded_alone_costs_of_the_stock_and_ends_with_it() -> None:
    record = decided("armenia 2 concede VII", "armenia 3 concede minsk_group")
    assert Move.CONCESSION_ARTICLE in moves(record, 2, 0)
    assert record.history[3].stock[0] == record.params.concession_stock[0] - 2
    assert Move.CONCESSION_PROMISE in moves(record, 3, 0)
    outside = decided("azerbaijan 2 concede outside", "azerbaijan 3 concede outside")
    assert outside.history[3].given[1] == pytest.approx(2 * outside.params.outside_cost[1])
    table = Table(outside.settings, ["azerbaijan"])
    assert table.model.talks.state.stock[1] == 1.0
    table.decide("azerbaijan", "concede outside")
    table.step()
    with pytest.raises(ConfigError, match="nothing is left"):
        table.decide("azerbaijan", "concede VII")


def test_a_dropped_demand_stands_no_more() -> None:
    record = decided("azerbaijan 2 drop constitution")
    k = issue(record, "constitution") - ARTICLES
    assert record.history[2].precondition[k] == Precondition.WAIVED
    assert moves(record, 2, 1)[Move.PRECONDITION_STEP]["reason"] == Reason.DECIDED


def test_an_article_is_reopened_at_its_cost() -> None:
    words = ["agenda=single_undertaking", REOPENING]
    record = decided("armenia 7 take XV", "armenia 9 reopen XV", words=words)
    i = issue(record, "XV")
    assert record.history[7].article[i] == Article.AGREED
    assert record.history[9].article[i] == Article.HALF
    assert record.history[9].given[0] - record.history[8].given[0] == pytest.approx(0.01)
    assert record.history[9].offer[0, i] == record.params.opening[0, i]


def test_who_leaves_lets_the_model_decide() -> None:
    table = Table(talks("bargaining=packages"), ["armenia"])
    table.decide("armenia", "concede outside")
    table.decide("armenia", "leave")
    assert table.settings.decisions == ["armenia 0 leave"]
    table.play_on()
    assert table.over
    plain = run_engine(talks("bargaining=packages"))
    assert table.record().events.tobytes() == plain.events.tobytes()
    assert run_engine(table.settings).history.tobytes() == table.record().history.tobytes()


# --- wrong input

WRONG: list[tuple[str, str]] = [
    ("", "unknown party ''"),
    ("armenia", "'' must be a week from 0 to 59"),
    ("armenia 7", "unknown decision ''"),
    ("armeni 7 take", "did you mean 'armenia'"),
    ("russia 7 take", "unknown party 'russia'"),
    ("armenia 60 take", "'60' must be a week from 0 to 59"),
    ("armenia -1 take", "'-1' must be a week"),
    ("armenia 1.5 take", "'1.5' must be a week"),
    ("armenia take 7", "'take' must be a week"),
    ("armenia ٧ take", "must be a week"),
    ("armenia 7 tak", "did you mean 'take'"),
    ("armenia 7 take VIII_", "no article or precondition 'VIII_'"),
    ("armenia 7 take minsk_group", "`concede minsk_group` promises it"),
    ("armenia 7 refuse VII", "refuse: takes no 'VII'"),
    ("armenia 7 silent now", "silent: takes no 'now'"),
    ("armenia 7 demand", "needs the share to ask for"),
    ("armenia 7 demand 1.2", "'1.2' must be a number from 0 to 1"),
    ("armenia 7 demand nan", "'nan' must be a number from 0 to 1"),
    ("armenia 7 demand 0.5 0.6", "needs the share to ask for"),
    ("armenia 7 draft", "needs at least one wording"),
    ("armenia 7 draft VII", "'VII' must be a wording, as in VII=0.4"),
    ("armenia 7 draft VII=", "'' must be a number"),
    ("armenia 7 draft VII=-0.1", "'-0.1' must be a number from 0 to 1"),
    ("armenia 7 draft VIJ=0.1", "did you mean 'VI'"),
    ("armenia 7 concede", "needs one article or precondition, or 'outside'"),
    ("armenia 7 concede VII XV", "needs one article or precondition"),
    ("azerbaijan 7 concede constitution", "it is not azerbaijan that delivers 'constitution'"),
    ("armenia 7 drop", "needs the demand to drop"),
    ("armenia 7 drop VII", "'VII' is an article, and no demand"),
    ("armenia 7 drop constitution", "it is not armenia that demands 'constitution'"),
    ("armenia 7 reopen", "needs the article to reopen"),
    ("armenia 7 reopen constitution", "'constitution' is no article"),
    ("armenia 7 offer_agreed all", "offer_agreed: takes no 'all'"),
    ("armenia 7 leave now", "leave: takes no 'now'"),
]


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_a_wrong_decision_is_told_in_one_line(line: str, said: str) -> None:
    (problem,) = decision_problems([line], talks().scenario, 60)
    assert problem.startswith(f"decisions: '{line}': ")
    assert said in problem


def test_all_wrong_decisions_are_told_at_once(capsys: Capture) -> None:
    listed = ",".join(f'"{line}"' for line, _ in WRONG)
    assert main(["run", *QUICK, f"decisions=[{listed}]"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= len(WRONG) >= 25
    assert all(line.startswith(("sim: ", " ")) for line in lines)


def test_a_question_is_decided_once_a_week() -> None:
    lines = ["armenia 7 take", "armenia 7 refuse", "armenia 8 take", "armenia 7 concede outside"]
    (problem,) = decision_problems(lines, talks().scenario, 60)
    assert problem == "decisions: 'armenia 7 refuse': that was decided before for the same week"


@pytest.mark.parametrize("given", ["decisions=[]", 'decisions=["armenia 7 take"]', "+decisions=1"])
def test_a_sweep_refuses_decisions(given: str, capsys: Capture) -> None:
    assert main(["sweep", "replicates=2", *QUICK, given]) == 2
    assert capsys.readouterr().err == (
        "sim: decisions: belong to one run, play them by `sim run`\n"
    )


def test_so_it_does_with_those_of_a_configuration(tmp_path: Path, capsys: Capture) -> None:
    text = (config_folder() / "config.yaml").read_text("utf-8")
    text = text.replace("decisions: []", "decisions: [armenia 7 take]")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    chosen = ["--config-dir", str(tmp_path), "--config-name", "mine"]
    assert main(["sweep", *chosen, "replicates=2", *QUICK]) == 2
    assert capsys.readouterr().err.startswith("sim: decisions: belong to one run")


def test_what_met_no_occasion_is_named(capsys: Capture) -> None:
    lines = '"armenia 3 take","armenia 7 take XV","armenia 7 concede outside","armenia 59 sign"'
    assert main(["run", *QUICK, f"decisions=[{lines}]"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "decisions: 'armenia 3 take'" in said
    assert "decisions: 'armenia 59 sign'" in said
    assert said.count("such a question did not come up") == 2


def test_an_unknown_seat_is_refused(capsys: Capture) -> None:
    assert main(["play", *QUICK, "--seat", "armeni"]) == 2
    assert capsys.readouterr().err.endswith("seat: no party 'armeni'; did you mean 'armenia'?\n")


def test_a_batch_of_runs_takes_no_decisions() -> None:
    """They would be left out without a word."""
    with pytest.raises(ConfigError, match="decisions: belong to one run"):
        play_batch([talks('decisions=["armenia 3 take"]')], range(2))


# --- what a seat sees


def test_a_seat_sees_no_reason_and_no_reckoning_of_the_other_side() -> None:
    hidden = seen = 0
    for words in ([], ["bargaining=packages"], ["mediator=formulation", "horizon=156"]):
        table = Table(talks(*words), ["armenia"])
        while not table.over:
            table.as_advised()
            table.play_on()
        record = table.record()
        for line, told in zip(table.seen(record.events, "armenia"), tell(record), strict=True):
            if line.actor != "azerbaijan":
                assert line == told
                continue
            seen += 1
            hidden += line != told
            assert line.why == ""
            if line.move == Move.OFFER:
                share = record.history[line.week].received[0, 0]
                assert f"it gives Armenia {percent(float(share))}" in line.said
                assert "asks" not in line.said
    assert seen >= hidden > 5


# --- the debriefing


def test_the_debriefing_plays_what_it_says() -> None:
    settings = talks().model_copy(update={"decisions": ["armenia 7 take XV", "armenia 29 wait"]})
    courses = debriefing(settings)
    plays = [[*settings.decisions], [], [*settings.decisions], [*settings.decisions]]
    plays[2] = ["armenia 7 refuse", "armenia 8 leave"]
    plays[3] = ["armenia 7 take XV", "armenia 29 sign", "armenia 30 leave"]
    assert len(courses) == 4
    for found, lines in zip(courses, plays, strict=True):
        assert found.settings.decisions == lines
        again = run_engine(settings.model_copy(update={"decisions": lines}))
        made = outcomes(again.params, again.final)
        assert found.utilities["armenia"] == made["utility_first"][0]
        assert (found.signed_week or -1) == made["signed_week"][0]
    assert courses[2].what == "Armenia: refuse in week 7, not take"


# --- sim play


def play(*words: str, typed: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sim.commands.cli", "play", *words],
        input=typed,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_game_in_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    typed = "\nfoo\nsign\ntake XV\n\n\nquit\n"
    game = play(*QUICK, "--out", "game", typed=typed, folder=tmp_path)
    assert game.returncode == 130
    assert "unknown decision 'foo'" in game.stdout
    assert "'sign': that is no answer; choose from take, refuse" in game.stdout
    assert "Traceback" not in game.stderr
    _, _, line = game.stderr.partition("sim: to go on: ")
    words = shlex.split(line.splitlines()[0])
    assert words[:2] == ["sim", "play"]
    on = play(*words[2:], "--out", "game", typed="", folder=tmp_path)
    assert on.returncode == 0, on.stderr
    assert "2024-11-05" not in on.stdout  # it goes on where it stopped
    _, _, again = on.stdout.partition("To play this again: ")
    assert main([*shlex.split(again)[1:], "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    kept = json.loads((tmp_path / "game" / "run.json").read_text("utf-8"))
    assert outcome["status"] == kept["status"]
    assert outcome["weeks"] == kept["weeks"]
    assert main(["report", str(tmp_path / "game"), "--format", "md"]) == 0
