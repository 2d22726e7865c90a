"""What must hold of every run: random talks over all rules and plug-ins."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from sim.model.codes import Actor, Agenda, Article, Bargaining, Precondition, Style, Treaty
from sim.model.plugins import registry
from sim.model.records import ARTICLES, PARAMS_FIELDS, PRECONDITIONS
from sim.model.rules.worth import refresh
from sim.model.shocks import draw_tape
from sim.theory.minimal_talks import play_talks
from tests.random_talks import Case, open_case, play_in_engine, random_case

T, A, P = Treaty, Article, Precondition

TREATY_ARROWS = {
    (T.OPEN, T.TEXT_AGREED),
    (T.TEXT_AGREED, T.INITIALLED),
    (T.INITIALLED, T.SIGNED_FULL),
    (T.TEXT_AGREED, T.SIGNED_FULL),
    (T.OPEN, T.SIGNED_INTERIM),
    (T.SIGNED_INTERIM, T.SIGNED_FULL),
    (T.SIGNED_FULL, T.RATIFIED),
    *((before, T.COLLAPSED) for before in T if before <= T.RATIFIED),
    *((before, T.GOVERNMENT_FELL) for before in T if before < T.RATIFIED),
}
"""Steps of the treaty; a week may hold several of them."""
ARTICLE_ARROWS = {(A.OPEN, A.HALF), (A.OPEN, A.AGREED), (A.HALF, A.AGREED)}
PRECONDITION_ARROWS = {
    (P.DORMANT, P.DEMANDED),
    (P.DEMANDED, P.PROMISED),
    (P.PROMISED, P.DRAFTING),
    (P.PROMISED, P.MET),
    (P.DRAFTING, P.PARLIAMENT),
    (P.PARLIAMENT, P.REFERENDUM),
    (P.REFERENDUM, P.MET),
    (P.REFERENDUM, P.FAILED),
    *((s, P.WAIVED) for s in P if P.DEMANDED <= s <= P.REFERENDUM),
    (P.FAILED, P.WAIVED),
    (P.FAILED, P.PARLIAMENT),
}


def reachable(arrows):
    """Return the pairs that any number of arrows connects."""
    found = set(arrows)
    while True:
        more = {(a, d) for a, b in found for c, d in found if b == c} - found
        if not more:
            return found
        found |= more


def steps(values, codes):
    """Return the changes from week to week."""
    return {(codes(int(a)), codes(int(b))) for a, b in pairwise(values) if a != b}


def start(case):
    """Return the treaty's status before the first week."""
    n = int(case.params.articles)
    closed = (case.params.start_status[:n] == Article.AGREED).all()
    return Treaty.TEXT_AGREED if closed else Treaty.OPEN


RUNS = 400


@pytest.fixture(scope="module")
def runs():
    """Return random cases with their histories."""
    cases = [random_case(seed) for seed in range(5000, 5000 + RUNS)]
    return [(case, play_in_engine(case)[0]) for case in cases]


def test_statuses_move_along_their_arrows_only(runs):
    treaty, precondition = reachable(TREATY_ARROWS), reachable(PRECONDITION_ARROWS)
    seen = Counter()
    for case, history in runs:
        n, agenda = int(case.params.articles), Agenda(case.params.agenda)
        moves = steps([start(case), *history.status], Treaty)
        assert moves <= treaty, (case.seed, moves - treaty)
        seen.update(moves)
        allowed = set(ARTICLE_ARROWS)
        if agenda == Agenda.SINGLE_UNDERTAKING:
            allowed.add((A.AGREED, A.HALF))
        for i in range(n):
            before = case.params.start_status[i]
            moves = steps([before, *history.article[:, i]], Article)
            assert moves <= allowed, (case.seed, i, moves - allowed)
            seen.update(moves)
        for k in range(int(case.params.preconditions)):
            before = case.params.start_status[ARTICLES + k]
            moves = steps([before, *history.precondition[:, k]], Precondition)
            assert moves <= precondition, (case.seed, k, moves - precondition)
            seen.update(moves)
    # The check is not idle: these steps do occur.
    for step in (
        (T.OPEN, T.SIGNED_INTERIM),
        (T.SIGNED_INTERIM, T.SIGNED_FULL),
        (T.SIGNED_FULL, T.RATIFIED),
        (T.SIGNED_FULL, T.COLLAPSED),
        (T.OPEN, T.GOVERNMENT_FELL),
        (A.AGREED, A.HALF),
        (P.PARLIAMENT, P.REFERENDUM),
        (P.REFERENDUM, P.FAILED),
        (P.DEMANDED, P.WAIVED),
        (P.DORMANT, P.DEMANDED),
    ):
        assert seen[step] > 0, step


def test_ledger_charges_every_week_exactly_once(runs):
    for case, history in runs:
        weeks = np.arange(1, len(history) + 1)
        assert history.ledger.sum(axis=1) == pytest.approx(weeks, abs=1e-9), case.seed
        assert (history.ledger >= 0).all()
        assert (history.week == weeks).all()


def test_what_happened_stays_and_terminal_is_the_end(runs):
    for case, history in runs:
        ended = history.ended != 0
        assert not ended[:-1].any(), case.seed
        assert len(history) == case.params.horizon or ended[-1]
        for name in ("text_week", "interim_week", "signed_week", "ratified_week"):
            dates = history[name][history[name] >= 0]
            assert len(set(dates.tolist())) <= 1, (case.seed, name)
        last = history[-1]
        if last.signed_week >= 0:
            assert 0 <= last.text_week <= last.signed_week
        if last.ratified_week >= 0:
            assert last.signed_week <= last.ratified_week


def test_shares_stay_shares(runs):
    for case, history in runs:
        n = int(case.params.articles)
        for name in ("approval", "opinion", "protest", "attention", "target", "reservation"):
            assert ((history[name] >= 0) & (history[name] <= 1)).all(), (case.seed, name)
        assert ((history.position[:, :n] >= 0) & (history.position[:, :n] <= 1)).all()
        assert (history.reservation <= history.target).all() or (history.drafts == 0).any()
        assert np.isfinite(history.value_now).all()
        assert np.isfinite(history.value_wait).all()


def test_same_seed_same_bytes(runs):
    for case, history in runs[:60]:
        again = play_in_engine(random_case(case.seed))[0]
        assert again.tobytes() == history.tobytes()


# --- symmetries


def played(case, tape=None, pools=None):
    """Return history and events of random talks, by chance of their own or as given."""
    first, second = pools or case.pools()
    chance = tape or case.tape()
    result = play_talks(case.params, tape=chance, pool=first, second_pool=second)
    return result.history, result.events


def mirror(params):
    """Return the talks with the sides' places exchanged; position x becomes 1 - x.

    Delivery of a precondition keeps its meaning: 1 is delivered.
    """
    turned = params.copy()
    for field in PARAMS_FIELDS:
        if field.shape and field.shape[0] == 2:
            turned[field.name] = params[field.name][::-1]
    oppositions = [Actor.OPPOSITION, Actor.SECOND_OPPOSITION]
    for name in ("weight", "ideal", "curvature"):
        turned[name][:2] = params[name][:2][::-1]
        if params.has_politics.all():
            turned[name][oppositions] = params[name][oppositions[::-1]]
    for name in ("ideal", "opening"):
        turned[name][..., :ARTICLES] = 1.0 - turned[name][..., :ARTICLES]
    turned.start_position[:ARTICLES] = 1.0 - params.start_position[:ARTICLES]
    for name in ("demanded_by", "delivered_by"):
        turned[name] = 1 - params[name]
    turned.edge[:] = np.array([1, 0, 2, 3])[params.edge]
    turned.date_side[:] = 1 - params.date_side
    turned.first_mover = 1 - params.first_mover
    if params.has_politics.all():
        codes = {
            1 + one: 1 + other for one, other in zip(oppositions, oppositions[::-1], strict=True)
        }
        turned.successor[:] = [codes.get(int(code), code) for code in turned.successor]
    turned.bias = -params.bias
    return turned


def mirrored_tape(tape, two_homes):
    """Return the tape with what happens to one side happening to the other."""
    weekly = tape.weekly.copy()
    for name in ("reply", "stance", "occasion", "ratifier", "street"):
        weekly[name] = tape.weekly[name][..., ::-1]
    weekly["choice"] = tape.weekly["choice"][..., ::-1, :]
    if two_homes:
        for name in ("consent", "yes", "turnout", "approval", "election"):
            weekly[name], weekly[f"second_{name}"] = (
                tape.weekly[f"second_{name}"],
                tape.weekly[name],
            )
        tape = tape._replace(citizens=tape.second_citizens, second_citizens=tape.citizens)
    return tape._replace(
        weekly=weekly, types=tape.types[:, ::-1].copy(), errors=tape.errors[:, ::-1].copy()
    )


SWAPPED = np.array([0, 1, 3, 2, 4, 5, 6, 7])
"""The ledger's gates with the two sides' exchanged."""


def test_sides_exchanged_mirrored_outcomes():
    """Positions are compared within rounding, statuses and dates exactly.

    Left out are the single text and the zone of agreement, which are searched from the first
    side's end: they are the same for both where articles are continuous and nothing has been
    given up for good, so here nothing is conceded alone, every article is continuous, and none is
    half agreed where that binds.
    """
    signed = 0
    for seed in range(7000, 7120):
        case = random_case(seed)
        case.params.concession_rate[:] = 0.0
        case.params.levels[:] = 0
        if case.params.bargaining == Bargaining.ARTICLES:
            case.params.half_tolerance = case.params.tolerance
            articles = case.params.start_status[:ARTICLES]
            articles[articles == A.HALF] = A.OPEN
        if case.params.style == Style.FORMULATION:
            case.params.style = Style.MANIPULATION
        case.params.preconditions = 0
        tape = case.tape()
        here, _ = played(case, tape)
        turned = Case(mirror(case.params), seed)
        two_homes = bool(case.params.has_politics.all())
        there, _ = played(turned, mirrored_tape(tape, two_homes), case.pools()[::-1])
        assert len(here) == len(there), seed
        n = int(case.params.articles)
        for name in ("status", "text_week", "interim_week", "signed_week", "ratified_week"):
            assert (here[name] == there[name]).all(), (seed, name)
        assert (here.article == there.article).all(), seed
        assert here.position[:, :n] == pytest.approx(1.0 - there.position[:, :n], abs=1e-6), seed
        assert here.target == pytest.approx(there.target[:, ::-1], abs=1e-6), seed
        assert here.value_now == pytest.approx(there.value_now[:, ::-1], abs=1e-6), seed
        assert here.ledger == pytest.approx(there.ledger[:, SWAPPED], abs=1e-6), seed
        for name in ("approval", "opinion", "protest", "seats"):
            assert here[name] == pytest.approx(there[name][:, ::-1], abs=1e-6), (seed, name)
        signed += int(here.signed_week[-1] >= 0)
    assert signed > 10


def rescaled(params, side, factor):
    """Return the talks with one side's utility measured in another unit."""
    larger = params.copy()
    for name in ("flow", "office_value", "outside_cost", "audience_cost", "coercion_worth"):
        larger[name][side] *= factor
    for name in ("waiver_cost", "waiver_growth"):
        larger[name][side] *= factor
    larger.weight[side] *= factor
    larger.outside_worth[1 - side] *= factor
    return larger


@pytest.mark.parametrize("side", [0, 1])
def test_utility_in_another_unit_same_path(side):
    """A power of two, so that the numbers stay exact.

    Left out: the interim deal, which compares what the agreed part is worth to both; payments of
    the mediator, the cost of leaving, that of reopening an article and the noise of an answer,
    which are one number for both; opponent models, which see weights no smaller than a fixed
    number; and a single text over a few wordings only, whose search along a frontier with steps
    may end on another step.
    """
    for seed in range(8000, 8080):
        case = random_case(seed)
        case.params.exit_cost = case.params.carrot = case.params.stick = 0.0
        case.params.choice_noise, case.params.reopening_cost = 0.0, np.inf
        if case.params.agenda == Agenda.INTERIM_ALLOWED:
            case.params.agenda = Agenda.SINGLE_UNDERTAKING
        if case.params.style == Style.FORMULATION:
            case.params.levels[:ARTICLES] = 0
            case.params.preconditions = 0
        for other in range(2):
            case.params.opponent_model[other] = registry().get("opponent_model", "none").code
        here, _ = played(case)
        there, _ = played(Case(rescaled(case.params, side, 4.0), seed))
        assert len(here) == len(there), seed
        for name in ("status", "article", "gates", "text_week", "signed_week"):
            assert np.array_equal(here[name], there[name]), (seed, name)
        # Curved losses are balanced by a search whose steps depend on the unit.
        for name in ("position", "target", "approval", "protest"):
            assert here[name] == pytest.approx(there[name], abs=1e-5), (seed, name)
        assert np.array_equal(here.precondition, there.precondition), seed


# --- limits


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", registry().names("concession"))
def test_no_zone_no_signature_for_any_strategy(name, side):
    """One side's status quo is worth more than all it could ever win."""
    strategy = registry().get("concession", name)
    for seed in range(9000, 9012):
        params = random_case(seed).params
        other = registry().of("concession")[seed % len(registry().of("concession"))]
        for at, entry in ((0, strategy), (1, other)):
            params.strategy[at] = entry.code
            params.proposes_interim[at] = entry.proposes_interim
            values = [parameter.default for parameter in entry.parameters]
            params.strategy_value[at, : len(values)] = values
        params.carrot = params.stick = 0.0
        params.survival_gain[:] = params.signing_gain = params.outside_worth[:] = 0.0
        params.flow[side] = 1.5 * (1.0 - params.discount[side])
        history, _ = played(Case(params, seed))
        assert history.signed_week[-1] == -1, seed
        assert history.interim_week[-1] == -1, seed
        assert not (history.gates[:, 7]).any()


@pytest.mark.parametrize(
    ("style", "zero"),
    [
        (Style.FACILITATION, "learning_rate"),
        (Style.FACILITATION, "attention"),
        (Style.FORMULATION, "text_rate"),
        (Style.FORMULATION, "attention"),
        (Style.MANIPULATION, "leverage"),
        (Style.MANIPULATION, "attention"),
    ],
)
def test_a_mediator_without_effect_is_no_mediator(style, zero):
    for seed in range(6000, 6040):
        case = random_case(seed)
        case.params.style = Style.NONE
        case.params.date_value[:] = -1.0
        case.params[zero] = 0.0
        history, events = played(case)
        case.params.style = style
        with_one, told = played(case)
        assert with_one.tobytes() == history.tobytes(), seed
        assert told.tobytes() == events.tobytes(), seed


def test_without_noise_runs_do_not_differ():
    """Rates are 0 or 1 and spreads 0, so the tape of another seed changes nothing."""
    random = {p.name for p in registry().of("concession") if "randomness" in p.uses}
    compared = 0
    for seed in range(6500, 6600):
        case = random_case(seed)
        names = registry().names("concession")
        if {names[int(code)] for code in case.params.strategy} & random:
            continue
        for name in (
            "reply_rate",
            "concession_rate",
            "holdout_odds",
            "consent_rate",
            "text_rate",
            "call_rate",
            "meeting_rate",
            "incident_rate",
            "collapse_odds",
        ):
            case.params[name] = np.round(case.params[name])
        for name in (
            "approval_noise",
            "election_swing",
            "yes_sd",
            "turnout_sd",
            "lapse_interim",
            "lapse_full",
            "ratifier_reservation",
            "opponent_error",
            "opinion_sd",
            "threshold_sd",
            "choice_noise",
        ):
            case.params[name] = 0.0
        case.params.opinion_gap, case.params.fall_odds = 0.0, 1.0
        if case.params.style == Style.FORMULATION:
            case.params.style = Style.FACILITATION
        one, other = (played(case, case.tape(seed=s))[0] for s in (seed, seed + 1))
        for name in one.dtype.names:
            assert np.array_equal(one[name], other[name], equal_nan=True), (seed, name)
        compared += 1
    assert compared >= 40


# --- chance


def test_a_longer_horizon_repeats_the_weeks_of_the_shorter():
    for seed in range(6800, 6860):
        case = random_case(seed)
        weeks = int(case.params.horizon)
        short, _ = played(case, case.tape(weeks=weeks))
        case.params.horizon = 2 * weeks
        long, _ = played(case, case.tape(weeks=2 * weeks))
        assert long[: len(short)].tobytes() == short.tobytes(), seed


@pytest.mark.parametrize("replicate", [0, 5, 31, 32, 77])
def test_a_replicate_is_the_same_whatever_range_it_is_asked_for_in(replicate):
    alone = draw_tape(4, range(replicate, replicate + 1), 20, 7, 5)
    among = draw_tape(4, range(max(0, replicate - 3), replicate + 40), 50, 7, 5)
    at = replicate - max(0, replicate - 3)
    assert alone.weekly[0].tobytes() == among.weekly[at, :20].tobytes()
    for name in ("types", "errors", "citizens", "second_citizens"):
        assert getattr(alone, name)[0].tobytes() == getattr(among, name)[at].tobytes()


@pytest.mark.parametrize("citizens", [0, 1, 300, 2100])
def test_a_few_scattered_replicates_are_those_of_whole_blocks(citizens):
    """Their normals come from pieces that are kept for publics of any size, others from a block."""
    asked = [1, 30, 31, 33, 40, 127]
    few = draw_tape(6, asked, 20, citizens, 5)
    whole = draw_tape(6, range(128), 20, citizens, 5)
    for part, every in zip(few, whole, strict=True):
        assert part.tobytes() == every[asked].tobytes()


def test_replicates_and_seeds_differ():
    tape = draw_tape(4, range(40), 20, 0)
    other = draw_tape(5, range(40), 20, 0)
    replies = tape.weekly["reply"][:, :, 0]
    assert len(np.unique(replies)) == replies.size
    assert not np.isin(other.weekly["reply"][:, :, 0], replies).any()


def test_capacity_of_preconditions_is_played():
    """All places of the record may be used at once."""
    case = random_case(1)
    params = case.params
    params.preconditions = PRECONDITIONS
    params.demanded_by[:], params.delivered_by[:] = 1, 0
    params.lead_draft[:] = 1.0
    params.start_status[ARTICLES:] = Precondition.PROMISED
    params.route[:] = 0
    params.collapse_odds = 0.0
    history, _ = played(case)
    reached = history.precondition[-1].tolist()
    assert set(reached) <= {Precondition.MET, Precondition.WAIVED, Precondition.PROMISED}


def test_what_is_kept_is_what_the_government_in_office_would_compute():
    """Ranges, the status quo and what is at stake, after a successor has come to power."""
    weeks = 0
    for seed in (8, 31, 70, 96, 109, 117):
        case = random_case(seed, 60)
        history, _ = play_in_engine(case)
        governments = open_case(case).governments
        for before, after in pairwise(history):
            if not after.government or after.government != before.government or after.stale:
                continue
            anew = after.copy()
            anew.stale = 1
            refresh(governments[after.government], anew)
            for name in ("worst", "best", "quo", "rest"):
                assert np.array_equal(anew[name], after[name]), (seed, after.week, name)
            weeks += 1
    assert weeks > 50
