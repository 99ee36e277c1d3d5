"""Coverage, and the metrics by tenths, against values worked out by hand."""

import numpy as np
import pytest

from churnclv.evaluation.interval_coverage import (
    calibrate_levels,
    coverage_by_decile,
    draw_ranks,
    inside,
    randomised_coverage,
)
from churnclv.evaluation.metrics import decile_error, plain, top_decile_share


def certain(*ranks: float):
    """Return ranks of outcomes without a probability of their own: P(less) is P(no more)."""
    return np.array(ranks), np.array(ranks)


def test_drawn_ranks_lie_between_less_and_no_more_and_the_seed_fixes_them():
    below, upto = np.array([0.0, 0.2, 0.7]), np.array([0.5, 0.2, 0.8])
    drawn = draw_ranks((below, upto), 3)
    assert ((drawn >= below) & (drawn <= upto)).all()
    assert drawn[1] == 0.2  # nothing to draw
    assert drawn.tolist() == draw_ranks((below, upto), 3).tolist()
    assert drawn.tolist() != draw_ranks((below, upto), 4).tolist()
    # below + u (upto - below) with the generator's first three numbers
    assert drawn == pytest.approx(below + np.random.default_rng(3).random(3) * [0.5, 0.0, 0.1], abs=1e-15)


def test_randomised_coverage_counts_ranks_between_the_levels_ends_included():
    # .05 and .95 are in, .04 and .96 are not: 3 of 5
    assert randomised_coverage(certain(0.04, 0.05, 0.5, 0.95, 0.96), (0.05, 0.95)) == 0.6


def test_randomised_coverage_of_a_right_distribution_of_counts_is_nominal():
    # half never buy, a quarter once, a quarter twice: the ranks' steps are filled evenly
    made = np.repeat([0, 1, 2], [10_000, 5_000, 5_000])
    ranks = np.array([0.0, 0.5, 0.75])[made], np.array([0.5, 0.75, 1.0])[made]
    assert randomised_coverage(ranks, (0.05, 0.95)) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 20_000))


def test_inside_includes_the_ends():
    truth, low, high = np.array([1.0, 2.0, 3.0, 0.0]), np.array([1.0, 0.0, 3.5, 0.0]), np.array([2.0, 1.9, 4.0, 0.0])
    assert inside(truth, low, high).tolist() == [1.0, 0.0, 0.0, 1.0]


def test_coverage_by_decile_by_hand():
    # predictions fall with the row: the last two rows are the lowest tenth
    predicted, covered = np.arange(20.0)[::-1], np.zeros(20)
    covered[[19, 18, 17, 0]] = 1.0
    assert coverage_by_decile(covered, predicted).tolist() == [1.0, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.5]


def test_tenths_of_uneven_numbers_differ_by_one_and_none_is_lost():
    # 13 rows: tenths of 2, 2, 2, 1, ...
    covered = np.arange(13.0)
    assert coverage_by_decile(covered, np.arange(13.0)).tolist() == [0.5, 2.5, 4.5, 6, 7, 8, 9, 10, 11, 12]


def test_levels_are_the_quantiles_of_the_folds_ranks():
    # ranks 0, .1, ..., 1: 5% of the way is .05, 95% is .95; on two folds together the same
    ranks = np.linspace(0.0, 1.0, 11)
    assert calibrate_levels([certain(*ranks)], (0.05, 0.95)) == pytest.approx((0.05, 0.95))
    assert calibrate_levels([certain(*ranks[:5]), certain(*ranks[5:])], (0.05, 0.95)) == pytest.approx((0.05, 0.95))
    # a distribution too narrow, whose ranks are 0 or 1 half the time: levels move outwards as far as they may
    narrow = certain(*[0.0] * 5, *np.linspace(0.0, 1.0, 10), *[1.0] * 5)
    assert calibrate_levels([narrow], (0.05, 0.95)) == pytest.approx((0.0005, 0.9995))
    # one too wide, whose ranks are all .4 to .6: levels move inwards, no further than .45 and .55
    assert calibrate_levels([certain(*np.linspace(0.4, 0.6, 21))], (0.05, 0.95)) == pytest.approx((0.41, 0.59))
    assert calibrate_levels([certain(*[0.5] * 5)], (0.05, 0.95)) == pytest.approx((0.45, 0.55))


def test_calibrated_levels_cover_as_often_as_nominal():
    random = np.random.default_rng(8)
    ranks = random.beta(3, 3, 2000)
    levels = calibrate_levels([(ranks, ranks)], (0.05, 0.95))
    assert randomised_coverage((ranks, ranks), levels) == pytest.approx(0.9, abs=1e-3)


TRUTH = np.array([5.0, 0.0, 1.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 10.0])
SAID = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0])


def test_top_decile_share_by_hand():
    # the first of ten is the tenth with the greatest prediction: 5 of 20
    assert plain(top_decile_share, TRUTH, SAID) == pytest.approx(0.25)
    # the best ranking finds 10 of 20, the worst nothing
    assert plain(top_decile_share, TRUTH, TRUTH) == pytest.approx(0.5)
    assert plain(top_decile_share, TRUTH, -TRUTH) == pytest.approx(0.0)
    # of five, half of the first: 2.5 of 10
    assert plain(top_decile_share, TRUTH[:5], SAID[:5]) == pytest.approx(0.25)


def test_top_decile_share_of_replicates_by_hand():
    weights = np.ones((10, 4))
    weights[:, 1] = [0, 0, 1, 1, 1, 1, 1, 2, 2, 1]  # of 10, the first with a weight: 1 of 1 + 4 + 10
    weights[:, 2] = [3, 1, 1, 1, 1, 1, 1, 1, 0, 0]  # a tenth of 10 is a third of the first: 5 of 15 + 1 + 4
    weights[:, 3] = [0.5, 1.5, 1, 1, 1, 1, 1, 1, 1, 1]  # all of the first, half a second: 2.5 of 2.5 + 1 + 4 + 10
    assert top_decile_share(TRUTH, SAID, weights) == pytest.approx([5 / 20, 1 / 15, 5 / 20, 2.5 / 17.5])
    assert np.isnan(top_decile_share(np.zeros(10), SAID, weights)).all()


def test_decile_error_by_hand():
    # ten rows are ten tenths: |9-5| + 8 + |7-1| + 6 + |5-4| + 4 + 3 + 2 + 1 + 10 = 45, over 20
    assert plain(decile_error, TRUTH, SAID) == pytest.approx(45 / 20)
    # twenty rows in pairs of equal predictions: within a tenth errors cancel
    truth, said = np.repeat(TRUTH, 2) + np.tile([1.0, -1.0], 10), np.repeat(SAID, 2)
    assert plain(decile_error, truth, said) == pytest.approx(90 / 40)
    assert plain(decile_error, np.repeat(SAID, 2) + np.tile([1.0, -1.0], 10), said) == pytest.approx(0.0)


def test_decile_error_of_replicates_by_hand():
    # predictions all too high by 1: the error is the total one, wherever tenths end; 20 + 10 said of 20 true
    weights = np.ones((10, 3))
    weights[:, 1] = 2.0
    weights[:, 2] = [0, 0, 1, 1, 1, 1, 1, 2, 2, 1]  # 10 customers who bring 1 + 4 + 10
    assert decile_error(TRUTH, TRUTH + 1.0, weights) == pytest.approx([10 / 20, 20 / 40, 10 / 15])
    assert np.isnan(decile_error(np.zeros(10), SAID, weights)).all()
