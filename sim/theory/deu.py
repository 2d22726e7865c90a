"""Issues with known outcomes: decision-making in the European Union, played as two-party talks.

The data set of Arregui and Perarnaud (2021) holds, for each issue of a legislative proposal, where
Commission, Parliament and governments stood on a scale from 0 to 100, how much they cared, what
would have held without a decision, and what was decided. The governments are taken together as
the Council. Council and Parliament bargain over the issues of a proposal by the simulator's own
rules, without chance, each of them once as the first to draft. It tests terms and trades over
the issues of a proposal, not time, failure or preconditions: every proposal here was decided.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.errors import ConfigError
from sim.model.codes import Agenda, Bargaining, Solution, Style
from sim.model.records import ARTICLES
from sim.theory.minimal_talks import minimal_talks, play_talks, set_articles, set_rule

Floats = NDArray[np.float64]
_WEST = ("at", "be", "dk", "fi", "fr", "de", "el", "ie", "it", "lu", "nl", "pt", "es", "se", "uk")
_LATER = ("bu", "cr", "cy", "cz", "ee", "hu", "lv", "lt", "mt", "pl", "ro", "si", "sk")
GOVERNMENTS = tuple(sorted((*_WEST, *_LATER)))
"""Codes of the governments in the names of the columns."""
ACTORS = ("com", "ep", *GOVERNMENTS)
COLUMNS = ("prnr", "isnr", *(f"{kind}{actor}" for kind in "ps" for actor in ACTORS), "rp", "out")
"""Columns that are read; the file may have others."""
QUALIFIED = 0.72  # of the governments have to agree, about the share of votes since 1995
WEEKS = 100  # of the talks; without chance little turns on their number
LEAST_SALIENCE = 1.0  # of 100, for an actor that said it cares nothing about an issue
RESAMPLES = 2000
BIASES = tuple(np.round(np.arange(-0.9, 0.91, 0.2), 1).tolist())
SHARES = tuple(np.round(np.arange(0.0, 1.01, 0.05), 2).tolist())


@dataclass(frozen=True)
class Proposal:
    """The issues of one proposal: positions and saliences from 0 to 1, nan where not known."""

    number: str
    council: Floats
    parliament: Floats
    council_salience: Floats
    parliament_salience: Floats
    reference: Floats
    outcome: Floats
    positions: Floats  # shape (issues, actors); the other arrays have one entry an issue
    saliences: Floats  # the same

    def only(self, issues: NDArray[np.int64] | list[int]) -> "Proposal":
        """Return the proposal with some of its issues alone."""
        return replace(self, **{name: getattr(self, name)[issues] for name in _ARRAYS})


_ARRAYS = tuple(name for name in Proposal.__dataclass_fields__ if name != "number")


# --- the file


def read_file(file: Path) -> tuple[Proposal, ...]:
    """Return the proposals of the deposited file, as text with tabs, commas or semicolons.

    An actor is heard where both its position and its salience are known. Rows without a number of
    a proposal or an outcome are left out, and issues on which the Parliament or no government is
    heard.

    Raises ConfigError with one line for each problem if it is another file.
    """
    frame = _numbers(_table(file), file)
    kept = frame.filter(pl.col("prnr").is_not_null() & pl.col("out").is_not_null())
    found = [
        _proposal(str(number), rows)
        for (number,), rows in kept.group_by(["prnr"], maintain_order=True)
    ]
    proposals = tuple(each for each in found if each.outcome.size)
    if not proposals:
        raise ConfigError([f"{file.name}: no issue has an outcome and both positions"])
    return proposals


def _table(file: Path) -> pl.DataFrame:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            heading = stream.readline()
    except OSError as error:
        raise ConfigError([f"{file}: {error.strerror or 'cannot be read'}"]) from error
    except UnicodeDecodeError as error:
        line = "is no text; the deposit's table is wanted as tab-separated text or CSV"
        raise ConfigError([f"{file.name}: {line}"]) from error
    separator = max("\t,;", key=heading.count)
    names = [name.strip().strip('"') for name in heading.strip("\r\n").split(separator)]
    lacking = [name for name in COLUMNS if name not in names]
    if len(lacking) > len(COLUMNS) // 2:
        raise ConfigError(
            [f"{file.name}: not the file of DEU, which has columns such as prnr, pep, sep, rp, out"]
        )
    if lacking:
        raise ConfigError([f"{file.name}: lacks the column {name}" for name in lacking])
    try:
        return pl.read_csv(file, separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigError([f"{file.name}: cannot be read as a table: {first}"]) from error


def _numbers(frame: pl.DataFrame, file: Path) -> pl.DataFrame:
    """Return positions, saliences, reference points and outcomes as numbers; check their range."""
    names = [name for name in COLUMNS if name not in ("prnr", "isnr")]
    blank = pl.col("prnr", *names).str.strip_chars()
    frame = frame.with_columns(pl.when(blank != "").then(blank)).filter(
        pl.col("prnr").is_not_null()
    )
    made = frame.with_columns(pl.col(names).cast(pl.Float64, strict=False))
    problems = []
    for name in names:
        text = frame[name].is_not_null() & made[name].is_null()
        wrong = (made[name] < 0.0) | (made[name] > 100.0) | text
        rows = frame.filter(wrong.fill_null(value=False))
        if rows.height:
            value, number = rows[name][0], rows["prnr"][0]
            problems.append(
                f"{file.name}: {name} is '{value}' in proposal {number}, not a number from 0 to 100"
            )
    if problems:
        raise ConfigError(problems)
    return made


def _matrix(rows: pl.DataFrame, names: Sequence[str]) -> Floats:
    found: Floats = rows.select(names).fill_null(float("nan")).to_numpy().astype(float) / 100.0
    return found


def _proposal(number: str, rows: pl.DataFrame) -> Proposal:
    positions = _matrix(rows, [f"p{actor}" for actor in ACTORS])
    saliences = _matrix(rows, [f"s{actor}" for actor in ACTORS])
    heard = np.isfinite(positions) & np.isfinite(saliences)
    both = heard[:, 1] & heard[:, 2:].any(axis=1)
    heard = heard[both]
    positions = np.where(heard, positions[both], np.nan)
    saliences = np.where(heard, np.maximum(saliences[both], LEAST_SALIENCE / 100.0), np.nan)
    ends = _matrix(rows, ["rp", "out"])[both]
    return Proposal(
        number=number,
        council=np.array([np.nanmean(row) for row in positions[:, 2:]]),
        parliament=positions[:, 1],
        council_salience=np.array([np.nanmean(row) for row in saliences[:, 2:]]),
        parliament_salience=saliences[:, 1],
        reference=ends[:, 0],
        outcome=ends[:, 1],
        positions=positions,
        saliences=saliences,
    )


# --- where the Council stands


def weighted(given: Proposal) -> Proposal:
    """Return the proposal with the Council at the mean of governments, weighted by salience."""
    return replace(given, council=_weighted_mean(given.positions[:, 2:], given.saliences[:, 2:]))


def pivotal(given: Proposal) -> Proposal:
    """Return the proposal with the Council at the government whose vote a qualified majority needs.

    Of governments in the order of their distance from the reference point it is the first that
    cannot be done without; where there is no reference point, the Council stays at the mean.
    """
    council = given.council.copy()
    for at, row in enumerate(given.positions[:, 2:]):
        if np.isfinite(given.reference[at]):
            heard = row[np.isfinite(row)]
            order = np.argsort(np.abs(heard - given.reference[at]), kind="stable")
            council[at] = heard[order[int((1.0 - QUALIFIED) * (heard.size - 1))]]
    return replace(given, council=council)


def _weighted_mean(values: Floats, weights: Floats) -> Floats:
    found: Floats = np.nansum(values * weights, axis=1) / np.nansum(weights, axis=1)
    return found


# --- forecasts without bargaining

NULLS: Mapping[str, Callable[[Proposal], Floats]] = {
    "compromise (salience-weighted mean of all)": lambda p: _weighted_mean(
        p.positions, p.saliences
    ),
    "mean of all": lambda p: np.array([np.nanmean(row) for row in p.positions]),
    "median of all": lambda p: np.array([np.nanmedian(row) for row in p.positions]),
    "Council's mean": lambda p: p.council,
    "pivotal government": lambda p: pivotal(p).council,
    "midpoint of Council and Parliament": lambda p: 0.5 * (p.council + p.parliament),
    "salience split of Council and Parliament": lambda p: _weighted_mean(
        np.column_stack([p.council, p.parliament]),
        np.column_stack([p.council_salience, p.parliament_salience]),
    ),
    "reference point, else the middle": lambda p: np.nan_to_num(p.reference, nan=0.5),
    "always the middle": lambda p: np.full(p.outcome.size, 0.5),
}
"""Forecasts of the outcomes of a proposal, the compromise first."""
COMPROMISE = next(iter(NULLS))


# --- forecasts by the simulator's rules


@dataclass(frozen=True)
class Rule:
    """One way to let the simulator bargain over a proposal."""

    name: str
    agenda: Agenda = Agenda.SINGLE_UNDERTAKING
    strategy: str = "polynomial"  # of both sides; `firm` leaves it to the mediator's text
    values: Mapping[str, float] = field(default_factory=dict)  # its parameters
    curvature: float = 1.0  # 1 linear loss, 2 quadratic
    solution: Solution | None = None  # at which a mediator aims its one text, if there is one
    bargaining: Bargaining = Bargaining.PACKAGES
    bias: float = 0.0  # bargaining power behind the text: -1 the Council's, 1 the Parliament's
    alone: bool = False  # whether each issue is a negotiation with its own reference point
    council: Callable[[Proposal], Proposal] | None = None  # where it stands, if not at the mean


_EACH = Agenda.ISSUE_BY_ISSUE
_LINEAR, _SLOW, _FAST = {"beta": 1.0}, {"beta": 0.2}, {"beta": 5.0}
_NASH = Rule("Nash's text, package", strategy="firm", solution=Solution.NASH)
_QUADRATIC = replace(_NASH, name="Nash's text, package, quadratic loss", curvature=2.0)
TUNED = (
    replace(_NASH, name="Nash's text, package, tuned power"),
    replace(_QUADRATIC, name="Nash's text, package, quadratic loss, tuned power"),
    replace(
        _QUADRATIC,
        name="Nash's text, package, quadratic loss, weighted Council, tuned power",
        council=weighted,
    ),
)
"""Rules whose bargaining power is chosen, among `BIASES`, on the training half."""
RULES = (
    *(
        Rule(f"{name}, {told}", agenda=agenda, values=values)
        for name, values in (("linear", _LINEAR), ("boulware", _SLOW), ("conceder", _FAST))
        for told, agenda in (("issue by issue", _EACH), ("package", Agenda.SINGLE_UNDERTAKING))
    ),
    Rule("micro, package", strategy="micro", values={"levels": 21.0}),
    Rule("linear, articles closed one by one", values=_LINEAR, bargaining=Bargaining.ARTICLES),
    Rule("linear, package, quadratic loss", values=_LINEAR, curvature=2.0),
    _NASH,
    replace(_NASH, name="Kalai-Smorodinsky's text, package", solution=Solution.KALAI_SMORODINSKY),
    _QUADRATIC,
    Rule("linear, reference point by issue", agenda=_EACH, values=_LINEAR, alone=True),
    replace(_NASH, name="Nash's text, reference point by issue", alone=True),
    replace(_QUADRATIC, name="Nash's text, reference point by issue, quadratic loss", alone=True),
    replace(_QUADRATIC, name="Nash's text, quadratic loss, weighted Council", council=weighted),
    replace(_QUADRATIC, name="Nash's text, quadratic loss, pivotal government", council=pivotal),
)
"""Rules without anything chosen by the data."""


def talks(rule: Rule, given: Proposal, first_mover: int) -> np.record:
    """Return the PARAMS record of Council against Parliament over the issues of a proposal."""
    params = minimal_talks(
        horizon=WEEKS + 4,
        deadline=float(WEEKS),
        agenda=rule.agenda,
        bargaining=rule.bargaining,
        tolerance=1e-3,
        curvature=rule.curvature,
        settlement_weeks=WEEKS / 4.0,
    )
    saliences = np.array([given.council_salience, given.parliament_salience])
    ideals = np.array([given.council, given.parliament])
    # Utility is scaled by the distance from the ideal to the farther end, which would count an
    # ideal in the middle twice; this undoes it, so that salience is the slope of the loss.
    spans = np.maximum(ideals, 1.0 - ideals)
    weights = saliences * spans**rule.curvature
    weights /= weights.sum(axis=1, keepdims=True)
    set_articles(params, weights[0].tolist(), weights[1].tolist())
    params["ideal"][:2, : given.outcome.size] = ideals
    params.opening = params.ideal[:2]
    params["article_key"][: given.outcome.size] = np.arange(1.0, given.outcome.size + 1.0)
    params.first_mover = first_mover
    distance = np.abs(given.reference - ideals) / spans
    worth = np.nansum(weights * (1.0 - distance**rule.curvature), axis=1)
    params.flow = worth * (1.0 - params.discount)
    for side in range(2):
        set_rule(params, side, "concession", rule.strategy, rule.values)
    if rule.solution is not None:
        params.style, params.solution = Style.FORMULATION, rule.solution
        params.text_rate = params.pull = 1.0
        params.bias = rule.bias
        params.edges = 3
        params["edge"][:3] = [[0, 1], [2, 0], [2, 1]]
        params["call_rate"][1:3] = 1.0
    return params


def forecast(rule: Rule, given: Proposal) -> tuple[Floats, NDArray[np.bool_]]:
    """Return where the talks put each issue, and whether they closed it.

    The mean over both sides drafting first. An issue left open stands midway between the last
    drafts; one on which both agree from the start, where they stand.
    """
    own = given if rule.council is None else rule.council(given)
    if rule.alone:
        parts = [_play(rule, own.only([at])) for at in range(own.outcome.size)]
        return np.concatenate([p for p, _ in parts]), np.concatenate([c for _, c in parts])
    return _play(rule, own)


def _play(rule: Rule, given: Proposal) -> tuple[Floats, NDArray[np.bool_]]:
    placed = given.council.copy()
    closed = np.ones(placed.size, dtype=bool)
    apart = np.flatnonzero(np.abs(given.council - given.parliament) > 1e-9)[: ARTICLES - 1]
    if apart.size == 0:
        return placed, closed
    disputed = given.only(apart)
    movers = (0, 1) if rule.solution is None else (0,)  # nobody drafts before the mediator
    finals = [play_talks(talks(rule, disputed, m), keep_history=False).state for m in movers]
    placed[apart] = np.mean([final.position[: apart.size] for final in finals], axis=0)
    closed[apart] = [all(final.text_week >= 0 for final in finals)] * apart.size
    return placed, closed


# --- scores


@dataclass(frozen=True)
class Score:
    """Mean absolute error of one forecast, in points of the scale from 0 to 100."""

    name: str
    kind: str  # null, rule or tuned
    issues: int
    error: float
    low: float  # 95 % interval by bootstrap over proposals
    high: float
    beside: float  # difference from the compromise on the same issues
    beside_low: float
    beside_high: float
    several: float  # the same difference on proposals with several issues
    several_low: float
    several_high: float
    unclosed: int  # issues on which the talks did not end
    chosen: float | None = None  # what was chosen on the training half


def halves(proposals: Sequence[Proposal]) -> tuple[tuple[Proposal, ...], tuple[Proposal, ...]]:
    """Return training and test half: the proposals of the file in turn."""
    return tuple(proposals[::2]), tuple(proposals[1::2])


def score_all(proposals: Sequence[Proposal], *, seed: int = 1) -> tuple[list[Score], list[Score]]:
    """Return the scores of every forecast on all proposals, and on the test half.

    What is tuned is tuned on the training half, and scored on the test half only.
    """
    training, test = halves(proposals)
    resampled = _resamples(len(proposals), seed), _resamples(len(test), seed)
    told = {name: ("null", [rule(p) for p in proposals], 0) for name, rule in NULLS.items()}
    for rule in RULES:
        made = [forecast(rule, p) for p in proposals]
        told[rule.name] = ("rule", [m[0] for m in made], sum(int((~m[1]).sum()) for m in made))
    whole = [
        _score(name, kind, made, proposals, told[COMPROMISE][1], resampled[0], unclosed)
        for name, (kind, made, unclosed) in told.items()
    ]
    beside = told[COMPROMISE][1][1::2]
    own = [
        _score(name, kind, made[1::2], test, beside, resampled[1], 0)
        for name, (kind, made, _) in told.items()
    ]
    for name, placed, chosen in tuned_forecasts(training, test):
        scored = _score(name, "tuned", placed, test, beside, resampled[1], 0)
        own.append(replace(scored, chosen=chosen))
    return whole, own


_Way: TypeAlias = Callable[[float], Callable[[Proposal], Floats]]


def tuned_forecasts(
    training: Sequence[Proposal], test: Sequence[Proposal]
) -> list[tuple[str, list[Floats], float]]:
    """Return forecasts of the test half with one number chosen on the training half."""

    def between(share: float) -> Callable[[Proposal], Floats]:
        return lambda p: p.council + share * (p.parliament - p.council)

    def by_power(rule: Rule) -> Callable[[float], Callable[[Proposal], Floats]]:
        return lambda bias: lambda p: forecast(replace(rule, bias=bias), p)[0]

    ways: list[tuple[str, _Way, Sequence[float]]] = []
    ways.append(("fixed share of the way from Council to Parliament", between, SHARES))
    ways += [(rule.name, by_power(rule), BIASES) for rule in TUNED]
    found = []
    for name, way, values in ways:
        errors = [_errors([way(v)(p) for p in training], training).mean() for v in values]
        best = values[int(np.argmin(errors))]
        found.append((name, [way(best)(p) for p in test], float(best)))
    return found


def _errors(made: Sequence[Floats], proposals: Sequence[Proposal]) -> Floats:
    return np.concatenate([np.abs(m - p.outcome) for m, p in zip(made, proposals, strict=True)])


def _resamples(count: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))


def _score(
    name: str,
    kind: str,
    made: Sequence[Floats],
    proposals: Sequence[Proposal],
    compromise: Sequence[Floats],
    resampled: NDArray[np.int64],
    unclosed: int,
) -> Score:
    sizes = np.array([p.outcome.size for p in proposals])
    error, rival = (
        np.array([np.abs(m - p.outcome).sum() for m, p in zip(each, proposals, strict=True)])
        for each in (made, compromise)
    )
    several = sizes > 1

    def interval(totals: Floats, counted: NDArray[np.int64]) -> tuple[float, float, float]:
        if counted.sum() == 0:
            return np.nan, np.nan, np.nan
        draws = 100.0 * totals[resampled].sum(axis=1) / counted[resampled].sum(axis=1)
        low, high = np.nanquantile(draws, (0.025, 0.975))
        return 100.0 * float(totals.sum() / counted.sum()), float(low), float(high)

    whole = interval(error, sizes)
    beside = interval(error - rival, sizes)
    more = interval((error - rival) * several, sizes * several)
    return Score(name, kind, int(sizes.sum()), *whole, *beside, *more, unclosed)
