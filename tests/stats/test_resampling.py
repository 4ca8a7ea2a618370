import numpy as np
import pytest

from qlora_gov.stats.resampling import ORDERS, RESAMPLES, resample


def test_every_resample_draws_as_many_clusters_as_there_are():
    indicators = np.eye(7)
    counts = resample(indicators)
    assert counts.shape == (RESAMPLES, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert (counts == counts.astype(int)).all()


def test_counts_are_multinomial():
    counts = resample(np.eye(5))
    assert counts.mean(axis=0) == pytest.approx(np.ones(5), abs=0.05)
    assert np.cov(counts.T) == pytest.approx(np.eye(5) - 0.2, abs=0.06)


def test_columns_see_the_same_draws_however_many_there_are():
    columns = np.random.default_rng(0).normal(size=(40, 6))
    columns[:, 2] = 3.0
    together = resample(columns)
    assert together[:, 2].tolist() == [120.0] * RESAMPLES
    assert together[:, [4]] == pytest.approx(resample(columns[:, [4]]))


def test_the_orders_of_one_draw_are_resamples_of_their_own():
    sums = resample(np.random.default_rng(0).normal(size=(200, 1))).reshape(-1, ORDERS)
    between = np.corrcoef(sums.T)[~np.eye(ORDERS, dtype=bool)]
    assert np.abs(between).max() < 0.3
