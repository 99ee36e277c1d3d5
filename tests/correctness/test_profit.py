"""Money by hand, on five customers. Contact 1, incentive 10, three leavers in ten accept.

customer  left  value  score   a contact brings, left: .3 (value - 10) - 1, stayed: -10 - 1
   e       1     100    .9      26
   d       0      50    .8     -11
   c       1      20    .6       2
   b       0     200    .3     -11
   a       0      80    .1     -11
"""

import numpy as np
import pandas as pd
import pytest

from churnclv.decision.campaign import Campaign
from churnclv.decision.economics import EconomicsSettings, ValueAtStake
from churnclv.decision.target_list import target_list, total_targets
from churnclv.evaluation.bootstrap import Sample, score
from churnclv.evaluation.maximum_profit import empb, empc
from churnclv.evaluation.metrics import plain
from churnclv.evaluation.profit import (
    Terms,
    best_fraction,
    best_share,
    break_even_value,
    campaign_profit,
    contact_gain,
    profit_at,
    profit_beyond,
    profit_curve,
    profit_metric,
    realised_profits,
)
from churnclv.evaluation.profit_plots import draw_money, draw_profit

LEFT = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
VALUES = np.array([100.0, 50.0, 20.0, 200.0, 80.0])
SCORES = np.array([0.9, 0.8, 0.6, 0.3, 0.1])
TERMS = Terms(contact_cost=1.0, incentive_cost=10.0, acceptance_alpha=6.0, acceptance_beta=14.0)
GAINS = np.array([26.0, -11.0, 2.0, -11.0, -11.0])
CAMPAIGN = Campaign(EconomicsSettings())
ONCE = np.ones((5, 1))


def test_what_a_contact_brings_once_the_outcome_is_known():
    assert contact_gain(LEFT, VALUES, TERMS) == pytest.approx(GAINS)


def test_expected_gain_of_a_contact():
    # .9: .9 x .3 x 90 - .1 x 10 - 1 = 22.3;  .8: 9.6 - 2 - 1;  .6: 1.8 - 4 - 1;  .3: 17.1 - 7 - 1;  .1: 2.1 - 9 - 1
    assert CAMPAIGN.expected_gain(SCORES, VALUES) == pytest.approx([22.3, 6.6, -3.2, 9.1, -7.9])


def test_expected_cost_of_a_contact():
    # the offer is taken by those who stay and by three leavers in ten: 1 + 10 (1 - .7 x score)
    assert CAMPAIGN.expected_cost(SCORES) == pytest.approx([4.7, 5.4, 6.8, 8.9, 10.3])


def test_actions_contact_where_a_gain_is_expected_and_say_nothing_where_nothing_is_known():
    gain = np.array([22.3, 0.0, -3.2, np.nan])
    assert CAMPAIGN.actions(gain).tolist() == ["contact", "no_contact", "no_contact", None]


def test_a_contact_pays_from_the_break_even_value_on():
    # score .5: 10 + (.5 x 10 + 1) / (.5 x .3) = 50; score 1: 10 + 1 / .3; score 0: never
    assert break_even_value(np.array([0.5, 1.0, 0.0]), TERMS) == pytest.approx([50.0, 10 + 1 / 0.3, np.inf])
    assert contact_gain(np.array([0.5]), 50.0, TERMS) == pytest.approx([0.0], abs=1e-12)


def test_values_at_stake_are_the_customers_own_or_one_for_all():
    own = np.array([5.0, np.nan])
    assert CAMPAIGN.values_at_stake(own, 2) == pytest.approx(own, nan_ok=True)
    assert CAMPAIGN.values_at_stake(None, 2).tolist() == [200.0, 200.0]
    fixed = Campaign(EconomicsSettings(value_at_stake=ValueAtStake.fixed, fixed_value=60.0))
    assert fixed.values_at_stake(own, 2).tolist() == [60.0, 60.0]


def test_realised_profit_of_the_k_best_ranked():
    # running sums 26, 15, 17, 6, -5, per customer of all five
    assert realised_profits(GAINS, SCORES) == pytest.approx([0.0, 5.2, 3.0, 3.4, 1.2, -1.0])


def test_customers_of_equal_rank_share_their_gains():
    # the first three are equal: (26 - 11 + 2) / 3 each, whatever the order of the rows
    ranking = np.array([0.9, 0.9, 0.9, 0.3, 0.1])
    assert realised_profits(GAINS, ranking) == pytest.approx(np.array([0, 17 / 3, 34 / 3, 17, 6, -5]) / 5)
    assert realised_profits(GAINS[::-1], ranking[::-1]) == pytest.approx(realised_profits(GAINS, ranking))


def test_profit_of_a_share_of_a_threshold_and_of_a_chosen_campaign():
    assert plain(profit_at(0.4), GAINS, SCORES) == pytest.approx(3.0)
    assert plain(profit_at(0.5), GAINS, SCORES) == pytest.approx((15 + 2 / 2) / 5)  # half of the third customer
    assert plain(profit_beyond(0.6), GAINS, SCORES) == pytest.approx(3.4)
    assert plain(profit_metric(VALUES, TERMS, 0.4), LEFT, SCORES) == pytest.approx(3.0)
    contacted = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    assert campaign_profit(LEFT, contacted, VALUES, ONCE, TERMS) == pytest.approx([28 / 5])
    assert campaign_profit(LEFT, contacted, 200.0, ONCE, TERMS) == pytest.approx([2 * 56 / 5])


def test_best_share_and_threshold():
    assert plain(best_share, GAINS, SCORES) == pytest.approx(0.2)
    best = best_fraction(GAINS, SCORES)
    assert (best.share.value, best.threshold, best.profit.value) == pytest.approx((0.2, 0.9, 5.2))


def test_where_no_contact_pays_nobody_is_the_best():
    best = best_fraction(np.full(5, -1.0), SCORES)
    assert (best.share.value, best.threshold, best.profit.value) == (0.0, np.inf, 0.0)


def test_a_threshold_chosen_on_some_customers_is_judged_on_others():
    best = best_fraction(GAINS, SCORES)
    # of the others two score .9 or more; one leaves and is worth 40: .3 x 30 - 1 = 8; the other takes the offer: -11
    gains = contact_gain(np.array([1.0, 0.0, 1.0, 0.0]), np.array([40.0, 90.0, 900.0, 10.0]), TERMS)
    sealed = Sample(gains, {"model": np.array([0.95, 0.9, 0.89, 0.1])}, np.arange(4))
    found = score([sealed], {"profit": profit_beyond(best.threshold)}, "model", replicates=20).figures["model"]
    assert found["profit"].value == pytest.approx((8 - 11) / 4)


def test_curve_for_figures_with_its_highest_point():
    curve = profit_curve(GAINS, SCORES, points=6, replicates=50)
    assert curve.profit == pytest.approx([0.0, 5.2, 3.0, 3.4, 1.2, -1.0])
    assert curve.best == pytest.approx((0.2, 5.2))
    assert (curve.low <= curve.high).all()
    assert np.isnan(profit_curve(GAINS, SCORES).low).all()


def test_empb_per_customer():
    # mean value 90, so the incentive is a ninth of each value, and a leaver's contact counts when it is accepted:
    # e .3 (100 x 8/9 - 1) = 26.4, d -50/9 - 1 = -6.6, c .3 (20 x 8/9 - 1) = 5.0: d and c together add nothing
    found = empb(LEFT, SCORES, VALUES, TERMS)
    assert found.profit == pytest.approx(0.3 * (800 / 9 - 1) / 5)
    assert found.share == pytest.approx(0.2)


def test_empb_contacts_equal_scores_together():
    # the leavers e and c are worth 1500 each, the mean is 666; everybody: two leavers, and three who take the offer
    dear = np.array([1500.0, 50.0, 1500.0, 200.0, 80.0])
    share = 10 / 666
    found = empb(LEFT, np.full(5, 0.5), dear, TERMS)
    assert found.profit == pytest.approx((0.3 * (3000 * (1 - share) - 2) - 330 * share - 3) / 5)
    assert found.share == 1.0
    assert empb(LEFT, np.full(5, 0.5), VALUES, TERMS).share == 0.0  # .3 (120 x 8/9 - 2) < 330/9 + 3


def test_empc_when_every_leaver_accepts_alike():
    # a Beta as narrow as a point at .3, all worth 90: leavers .3 x 80 - 1 = 23, the others -11
    sure = Terms(1.0, 10.0, 6e6, 14e6)
    # 23, 12, 35, 24, 13 down the ranking: three contacted, 35 / 5
    found = empc(LEFT, SCORES, VALUES, sure)
    assert found.profit == pytest.approx(7.0, abs=1e-6)
    assert found.share == pytest.approx(0.6, abs=1e-6)


def test_maximum_profits_of_one_class_and_of_worthless_customers():
    for measure in (empc, empb):
        assert np.isnan(measure(np.ones(5), SCORES, VALUES, TERMS).profit)
        assert measure(LEFT, SCORES, 10.0, TERMS).profit == 0.0


def customers(**columns):
    gain, cost = CAMPAIGN.expected_gain(SCORES, VALUES), CAMPAIGN.expected_cost(SCORES)
    known = {"customer_id": list("edcba"), "churn_score": SCORES, "value": VALUES, "expected_gain": gain, "cost": cost}
    return pd.DataFrame(known | columns)


def test_targets_are_ranked_by_gain_per_cost():
    listed = target_list(customers())
    # 22.3 / 4.7 = 4.74, 6.6 / 5.4 = 1.22, 9.1 / 8.9 = 1.02; c and a would lose
    assert listed["customer_id"].tolist() == ["e", "d", "b"]
    assert listed["rank"].tolist() == [1, 2, 3]
    assert listed["gain_per_cost"].to_numpy() == pytest.approx([22.3 / 4.7, 6.6 / 5.4, 9.1 / 8.9])
    assert listed["running_gain"].to_numpy() == pytest.approx([22.3, 28.9, 38.0])
    assert listed["running_cost"].to_numpy() == pytest.approx([4.7, 10.1, 19.0])


def test_a_budget_passes_over_who_does_not_fit_and_goes_on():
    # 4.7 fits; then 5.4 does not fit into what is left of 10, nor 8.9
    assert target_list(customers(), 10.0)["customer_id"].tolist() == ["e"]
    # with d's cost of 9 (6.6 / 9 = .73) the ranking is e, b, d: b does not fit into 14 - 4.7 = 9.3 if it costs 9.4
    cost = np.array([4.7, 9.0, 6.8, 9.4, 10.3])
    assert target_list(customers(cost=cost), 14.0)["customer_id"].tolist() == ["e", "d"]
    # exactly what they cost together is enough, though .1 + .1 + .1 is more than .3 in the machine
    assert len(target_list(customers(expected_gain=[1.0] * 5, cost=[0.1] * 5), 0.3)) == 3


def test_equal_customers_are_ranked_by_their_id_and_free_contacts_come_first():
    equal = customers(expected_gain=[1.0] * 5, cost=[2.0, 2.0, 2.0, 0.0, 2.0])
    assert target_list(equal)["customer_id"].tolist() == ["b", "a", "c", "d", "e"]
    assert target_list(equal, 4.0)["customer_id"].tolist() == ["b", "a", "c"]


def test_customers_of_whom_nothing_is_known_are_not_listed():
    unknown = customers(expected_gain=[np.nan, 0.0, -1.0, 3.0, np.nan])
    assert target_list(unknown)["customer_id"].tolist() == ["b"]
    totals = total_targets(unknown, target_list(unknown))
    assert (totals.considered, totals.worthwhile, totals.listed) == (3, 1, 1)


def test_totals_of_a_list_and_their_sentence():
    table = customers()
    totals = total_targets(table, target_list(table, 11.0), 11.0)
    assert (totals.considered, totals.worthwhile, totals.listed) == (5, 3, 2)
    assert (totals.gain, totals.cost, totals.forgone) == pytest.approx((28.9, 10.1, 9.1))
    assert str(totals) == (
        "2 of 5 customers to contact, expected to cost 10.10 and to gain 28.90; "
        "the budget of 11.00 leaves out 1 that would gain 9.10."
    )
    assert str(total_targets(table, target_list(table))).endswith("to cost 19.00 and to gain 38.00.")


def test_an_empty_list_says_why():
    def said(budget=None, **columns):
        table = customers(**columns)
        return str(total_targets(table, target_list(table, budget), budget))

    assert said(expected_gain=[-1.0] * 5) == (
        "nobody of 5 customers to contact: a contact costs more than it brings for everybody."
    )
    assert said(0.5) == "nobody of 5 customers to contact: the budget of 0.50 pays for none of 3 who are worth it."
    assert said(expected_gain=[np.nan] * 5) == "nobody of 0 customers to contact: no customer has an expected gain."


def test_an_empty_list_has_its_columns():
    nobody = target_list(customers(expected_gain=[-1.0] * 5), 5.0)
    assert len(nobody) == 0
    assert "gain_per_cost" in nobody.columns


def test_the_profit_figure_marks_every_models_best_point():
    curves = {"a": profit_curve(GAINS, SCORES, replicates=20), "b": profit_curve(GAINS, SCORES[::-1])}
    figure = draw_profit(curves, "t", "pounds")
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [(float(p.get_xdata()[0]), float(p.get_ydata()[0])) for p in points] == [
        pytest.approx(curve.best) for curve in curves.values()
    ]
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["nobody contacted", "a: 5.20 at 20%", "b: 0.00 at 0%", "95% interval"]


@pytest.mark.parametrize("name", ["score", "combined_expected_purchases", "an_own_model_with_a_name_that_is_longer"])
def test_the_names_below_the_profit_figure_are_not_cut_off(name):
    curves = {"score": profit_curve(GAINS, SCORES, replicates=20), name: profit_curve(GAINS, SCORES)}
    figure = draw_profit(curves, "t", "pounds")
    figure.draw_without_rendering()
    drawn = [text.get_window_extent() for text in figure.legends[0].get_texts()]
    assert drawn
    assert max(box.x1 for box in drawn) <= figure.bbox.x1


def test_the_money_figure_sums_gains_by_cell_and_counts_who_pays():
    figure = draw_money(SCORES, VALUES, TERMS, "t", "pounds")
    cells = figure.axes[0].collections[0].get_array()
    assert cells.compressed().tolist() == pytest.approx([-3.2, 6.6, -7.9, 22.3, 9.1])  # by value; cells of nobody out
    told = figure.legends[0].get_texts()[0].get_text()
    assert told == "above the line a contact pays: 60% of customers, 38 pounds expected"


@pytest.mark.parametrize("values", [np.full(5, 200.0), np.zeros(5), np.array([0.0, 0.0, 0.0, 0.0, 7.0])])
def test_the_money_figure_copes_with_values_that_do_not_differ(values, tmp_path):
    draw_money(SCORES, values, TERMS, "t", "pounds").savefig(tmp_path / "money.svg")
