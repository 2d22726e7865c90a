"""The patterns that the model must be able to produce, each in its own region.

See "Purpose and patterns" of docs/odd.md. Each test states the region by overrides of the default
talks and asks for the direction only, with intervals apart where shares are compared.
"""

import numpy as np
import pytest
from scipy.stats import binomtest

from sim.config.compose import compose
from sim.model.codes import Article
from sim.runs.opening import Cells, open_batch, societies_of
from sim.runs.play import play_batch, weekly_states

RUNS = 300
PARTIES = ("armenia", "azerbaijan")


def final_states(*overrides):
    """Play RUNS replicates of the default talks with overrides."""
    return play_batch([compose(list(overrides))], range(RUNS))[0]


def interval(hits):
    """Return the 95 % Wilson interval of a share."""
    return binomtest(int(hits.sum()), len(hits)).proportion_ci(method="wilson")


def test_the_text_closes_long_before_signature():
    state = final_states("preset=baku")
    closed = state.text_week >= 0
    signed = state.signed_week >= 0
    wait = (state.signed_week - state.text_week)[closed & signed]
    assert np.median(wait) >= 13
    assert interval(closed).low > interval(signed).high


def worth_of_the_agreed_part(party, factor):
    """Return overrides that multiply a party's weights of the agreed articles."""
    scenario = compose([]).scenario
    lines = []
    for name, article in scenario.articles.items():
        if article.status == "agreed":
            path = f"scenario.articles.{name}.weights.{party}"
            weight = factor * article.weights[party].value
            lines += [f"{path}.low=0", f"{path}.high=100", f"{path}.value={weight}"]
    return lines


@pytest.mark.parametrize(
    ("armenia", "azerbaijan", "status_quo", "refuser"), [(10, 0.1, 0.0, 1), (0.1, 10, 0.01, 0)]
)
def test_the_side_that_values_the_agreed_part_less_refuses_to_sign_it(
    armenia, azerbaijan, status_quo, refuser
):
    """Between patient sides that do not fear force and answer drafts slowly."""
    state = final_states(
        "preset=yerevan",
        "scenario.status_quo.azerbaijan.low=0",
        f"scenario.status_quo.azerbaijan.value={status_quo}",
        f"scenario.status_quo.armenia.value={status_quo}",
        *(f"scenario.discount_rate.{party}.value=0.02" for party in PARTIES),
        *(f"scenario.coercion.{party}.hazard_per_year.value=0" for party in PARTIES),
        *(f"scenario.drafts.reply_days.{party}.value=70" for party in PARTIES),
        *worth_of_the_agreed_part("armenia", armenia),
        *worth_of_the_agreed_part("azerbaijan", azerbaijan),
    )
    weighed = (state.interim_now != 0).all(axis=1)
    refuses = (state.interim_now < state.interim_wait)[weighed]
    assert weighed.sum() > RUNS / 2
    assert interval(refuses[:, refuser]).low > 0.9
    assert interval(refuses[:, 1 - refuser]).high < 0.1


def an_office_seeker(per_year):
    """Return overrides for a government that concedes for office, and a patient other side.

    The patient side believes the same of it at first, whatever it does, and learns from what it
    sees; neither fears force.
    """
    rate = "scenario.unilateral.armenia.per_year"
    size = "scenario.unilateral.armenia.size"
    stock = "scenario.unilateral.armenia.stock"
    return [
        "precondition=none",
        *(f"scenario.coercion.{party}.hazard_per_year.value=0" for party in PARTIES),
        "scenario.discount_rate.azerbaijan.value=0.04",
        "scenario.status_quo.azerbaijan.value=0.01",
        f"{rate}.low=0",
        f"{rate}.value={per_year}",
        f"{size}.high=1",
        f"{size}.value=1",
        f"{stock}.value=8",
        "scenario.politics.office_value.armenia.value=1.0",
        "scenario.politics.survival_gain.armenia.value=0.15",
    ]


def test_unilateral_concessions_close_the_text_sooner_and_put_off_the_signature():
    without = final_states(*an_office_seeker(0))
    with_them = final_states(*an_office_seeker(3))
    both = (without.text_week >= 0) & (with_them.text_week >= 0)
    earlier = (without.text_week - with_them.text_week)[both]
    assert earlier.mean() > 2 * earlier.std() / np.sqrt(both.sum()) > 0
    assert interval(with_them.signed_week >= 0).high < interval(without.signed_week >= 0).low


def ratified_deals(top, anticipated):
    """Return the share ratified, and mean and standard error of Armenia's worth of those deals.

    The ratifier's reservation is drawn from U[0, top]. What is open weighs most, as it does early
    in talks: where most of the text is agreed already, there is little left to leave a ratifier.
    Drafts are answered as a whole: nobody leaves a ratifier more by closing an article at a time.
    """
    path = "scenario.politics.ratifier_reservation.armenia"
    state = final_states(
        "bargaining=packages",
        "scenario.deadline_weeks.armenia={value:90,low:8,high:156,basis:assumption}",
        "scenario.deadline_weeks.azerbaijan={value:156,low:52,high:1040,basis:assumption}",
        "precondition=none",
        "strategy@armenia=linear",
        "strategy@azerbaijan=linear",
        f"{path}.value={top}",
        f"+scenario.politics.anticipates_ratifier={{azerbaijan: {str(anticipated).lower()}}}",
        *worth_of_the_agreed_part("armenia", 0.2),
        *worth_of_the_agreed_part("azerbaijan", 0.2),
    )
    ratified = state.ratified_week >= 0
    deals = state.deal[ratified, 0]
    return interval(ratified), deals.mean(), deals.std() / np.sqrt(deals.size)


@pytest.mark.parametrize("anticipated", [True, False])
def test_a_stronger_ratifier_gives_fewer_deals_and_better_terms_where_anticipated(anticipated):
    (many, weak_terms, error), (few, strong_terms, other) = (
        ratified_deals(top, anticipated) for top in (0.0, 0.6)
    )
    assert few.high < many.low
    better = strong_terms - weak_terms > 3 * np.hypot(error, other)
    assert better == anticipated


def week_by_week(*overrides, runs=RUNS):
    """Return the states of each run week by week."""
    settings = compose(list(overrides))
    cells = Cells.of(range(1), [(settings, 1)])
    batch = open_batch(settings.seed, cells, societies_of(settings), range(runs))
    return [weekly_states(batch, 0, run) for run in range(runs)]


def test_near_the_cascade_threshold_protest_is_bimodal():
    runs = week_by_week(
        "preset=opposition",
        "scenario.public.effort.value=1",
        "scenario.public.trigger.value=0.1",
        "scenario.public.threshold_sd.value=0.05",
    )
    protest = np.array([weeks.protest[:, 0].max() for weeks in runs])
    quiet = np.mean(protest < 0.05)
    wave = np.mean(protest > 0.3)
    between = np.mean((protest >= 0.05) & (protest <= 0.3))
    assert quiet > between
    assert wave > between
    assert min(quiet, wave) > 0.1


def test_a_costly_audience_gives_fewer_deals_later_and_better_terms():
    """A government that pays more at home for giving way (Fearon 1994; Schelling 1960)."""
    cheap, costly = (
        final_states(
            "public=none",
            "precondition=none",
            f"scenario.politics.audience_cost.armenia.value={cost}",
        )
        for cost in (0.005, 0.05)
    )
    assert interval(costly.signed_week >= 0).high < interval(cheap.signed_week >= 0).low
    both = (cheap.text_week >= 0) & (costly.text_week >= 0)
    later = (costly.text_week - cheap.text_week)[both]
    assert later.mean() > 2 * later.std() / np.sqrt(both.sum())
    better = (costly.deal[:, 0] - cheap.deal[:, 0])[both]
    assert better.mean() > 2 * better.std() / np.sqrt(both.sum())


def test_articles_close_on_different_dates():
    runs = week_by_week("public=none")
    closed = [(weeks.article == Article.AGREED).sum(axis=1) for weeks in runs]
    dates = np.array([np.count_nonzero(np.diff(found, prepend=13 + 1)) for found in closed])
    assert interval(dates >= 2).low > 0.5
    assert not (dates >= 2).all()


def test_some_signatures_fall_into_a_week_of_a_meeting_and_most_do_not():
    signed = [weeks for weeks in week_by_week("public=none") if weeks.signed_week[-1] >= 0]
    met = np.array([weeks.parties_met[weeks.signed_week[-1]] > 0 for weeks in signed])
    assert 0 < met.mean() < 0.5
