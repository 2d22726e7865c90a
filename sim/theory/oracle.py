"""What an oracle and a comparative static are, how each is judged, and who published them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.config.compose import compose
from sim.config.settings import Settings
from sim.model.codes import Article, Treaty

REFERENCES: Mapping[str, str] = {
    "Nash1950": "Nash (1950), The bargaining problem",
    "KalaiSmorodinsky1975": "Kalai and Smorodinsky (1975), Other solutions to Nash's problem",
    "Raiffa1982": "Raiffa (1982), The Art and Science of Negotiation, ch. 11",
    "Faratin1998": "Faratin, Sierra and Jennings (1998), Negotiation decision functions",
    "deJonge2022": "de Jonge (2022), the MiCRO benchmark strategy",
    "Chow1971": "Chow, Robbins and Siegmund (1971), Great Expectations, the monotone case",
    "LaxSebenius1986": "Lax and Sebenius (1986), ch. 5, hostage value, split by Nash (1950)",
    "Schelling1960": "Schelling (1960), ch. 2; Putnam (1988); Iida (1993)",
    "Article207": "Constitution of Armenia, referendum quorum: a quarter of all eligible",
    "Granovetter1978": "Granovetter (1978), Threshold models of collective behavior",
    "DeGroot1974": "DeGroot (1974), Reaching a consensus",
    "FriedkinJohnsen1990": "Friedkin and Johnsen (1990), Social influence and opinions",
    "HegselmannKrause2002": "Hegselmann and Krause (2002), Bounded confidence",
    "CompetingRisks": "two competing constant hazards, by geometric series",
    "Beardsley2006": "Beardsley, Quinn, Biswas and Wilkenfeld (2006), Mediation style",
    "Invariance": "symmetries that any bargaining model must have",
}
"""Publications by the key that tests are marked with."""

EXACT = 1e-9
"""Tolerance of a result that the rules compute in closed form."""


@dataclass(frozen=True)
class Oracle:
    """One published result."""

    name: str  # what is computed, with its parameters
    reference: str  # key of `REFERENCES`
    expected: tuple[float, ...]  # published or hand-computed values
    tolerance: float  # largest absolute difference allowed
    basis: str  # why the tolerance is what it is
    # plays the talks and returns what they came to, in the order of `expected`
    play: Callable[[], Sequence[float]]


@dataclass(frozen=True)
class Verdict:
    """What the rules gave for one oracle."""

    oracle: Oracle
    got: tuple[float, ...]

    @property
    def passed(self) -> bool:
        """Whether every value is within the tolerance."""
        pairs = zip(self.got, self.oracle.expected, strict=False)
        return len(self.got) == len(self.oracle.expected) and all(
            math.isfinite(got) and abs(got - wanted) <= self.oracle.tolerance
            for got, wanted in pairs
        )


def judge(oracle: Oracle) -> Verdict:
    """Play one oracle's talks and compare."""
    return Verdict(oracle, tuple(float(value) for value in oracle.play()))


def exact(
    name: str, reference: str, expected: Sequence[float], play: Callable[[], Sequence[float]]
) -> Oracle:
    """Return an oracle for a result that the rules give in closed form."""
    return Oracle(name, reference, tuple(expected), EXACT, "exact", play)


def sampled(
    name: str,
    reference: str,
    expected: float,
    deviation: float,
    runs: int,
    play: Callable[[], float],
) -> Oracle:
    """Return an oracle for a mean over `runs` runs: three standard errors are allowed.

    deviation: standard deviation of one run, from theory.
    """
    error = 3.0 * deviation / math.sqrt(runs)
    return Oracle(
        name,
        reference,
        (expected,),
        error + EXACT,
        f"3 standard errors, {runs} runs",
        lambda: (play(),),
    )


# --- comparative statics

RUNS = 500
"""Replicates of each level."""

Floats = NDArray[np.float64]
Change = Callable[[np.record, float], None]
"""Sets one number of PARAMS to a level."""

TALKS = ("public=none", "bargaining=articles")
"""Choices under which every row is played, beside its own."""


@dataclass(frozen=True)
class Static:
    """One comparative static."""

    number: str  # what is moved, and whose
    levels: tuple[float, float]
    outcome: str  # key of `OUTCOMES`
    sign: int  # 1 up, -1 down, 0 exactly equal
    source: str  # who says so: author, year
    change: Change
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class StaticVerdict:
    """What the rules gave for one comparative static."""

    static: Static
    difference: float  # mean paired difference, level 2 less level 1
    half_width: float  # of its 95 % interval

    @property
    def passed(self) -> bool:
        """Whether the sign is the expected one at 95 %, or all runs are equal."""
        if self.static.sign == 0:
            return self.difference == 0.0 and self.half_width == 0.0
        return self.static.sign * self.difference > self.half_width


def _restricted(name: str) -> Callable[[np.record, NDArray[np.void]], Floats]:
    """Return the weeks until an event, the horizon where it never came: the restricted mean."""

    def weeks(params: np.record, final: NDArray[np.void]) -> Floats:
        week = final[name]
        return np.where(week < 0, params.horizon, week).astype(float)

    return weeks


def _came(name: str) -> Callable[[np.record, NDArray[np.void]], Floats]:
    return lambda params, final: (final[name] >= 0).astype(float)


def _terms(params: np.record, final: NDArray[np.void]) -> Floats:
    """Return the mean position of the articles that were open at the start."""
    still = params.start_status[: params.articles] != Article.AGREED
    return np.asarray(final["position"][:, : params.articles][:, still].mean(axis=1))


def _first_article(params: np.record, final: NDArray[np.void]) -> Floats:
    at = int(np.argmax(params.start_status[: params.articles] != Article.AGREED))
    return np.asarray(final["position"][:, at])


OUTCOMES: Mapping[str, Callable[[np.record, NDArray[np.void]], Floats]] = {
    "weeks to the text": _restricted("text_week"),
    "weeks to signature": _restricted("signed_week"),
    "signed": _came("signed_week"),
    "interim": _came("interim_week"),
    "ratified": lambda params, final: (final["status"] == Treaty.RATIFIED).astype(float),
    "terms": _terms,
    "first open article": _first_article,
}
"""What is measured, one number a run; positions run from Armenia's wording to Azerbaijan's."""


@lru_cache(maxsize=8)
def _settings(overrides: tuple[str, ...]) -> Settings:
    return compose([*TALKS, *overrides])


def outcomes_of(static: Static, runs: int = RUNS) -> tuple[Floats, Floats]:
    """Play the talks at both levels; return the outcome of each run, shape (runs,) each."""
    from sim.runs.opening import Cells, open_batch, societies_of
    from sim.runs.play import final_states

    base = _settings(static.overrides)
    cells = Cells.of(range(2), [(base, 2)])
    for row, level in enumerate(static.levels):
        for government in cells.params[row]:
            static.change(government, level)
    batch = open_batch(base.seed, cells, societies_of(base), range(runs))
    measure = OUTCOMES[static.outcome]
    found: list[Floats] = []
    for row in range(2):
        rows = np.full(runs, row, np.int64)
        final = final_states(batch, rows, np.arange(runs, dtype=np.int64))
        found.append(measure(cells.params[row, 0], final))
    return found[0], found[1]


def judge_static(static: Static, runs: int = RUNS) -> StaticVerdict:
    """Play one comparative static and compare the levels run by run."""
    low, high = outcomes_of(static, runs)
    paired = high - low
    half = 1.96 * float(paired.std(ddof=1)) / math.sqrt(len(paired))
    return StaticVerdict(static, float(paired.mean()), half)
