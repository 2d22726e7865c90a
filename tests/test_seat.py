"""A person in a party's seat: the same run in both drivers, each decision, what a seat sees."""

from collections.abc import Callable

import numpy as np
import pytest

from sim.config.compose import compose
from sim.config.settings import Settings
from sim.errors import ConfigError
from sim.model.codes import Article, Heeded
from sim.runs.play import run_engine, run_mesa, unheeded
from sim.runs.seat import FREE, Table
from tests.test_homes import settings as two_homes

Capture = pytest.CaptureFixture[str]
Person = Callable[[Table], None]
QUICK = ["public=none", "horizon=60"]
REOPENING = "+scenario.drafts.reopening_cost={value: 0.01, low: 0, high: 1, basis: assumption}"


def talks(*words: str) -> Settings:
    return compose([*QUICK, *words])


def issue(settings: Settings, key: str) -> int:
    return list(settings.scenario.provisions).index(key)


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
