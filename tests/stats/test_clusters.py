import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.stats.clusters import cluster_sums, effective_rows, independent


def test_rows_of_a_cluster_are_added():
    stats = np.array([[1.0, 1.0], [2.0, 1.0], [5.0, 1.0]])
    assert cluster_sums(stats, np.array([7, 7, 3])).tolist() == [[5.0, 1.0], [3.0, 2.0]]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 4)), min_size=1, max_size=30), st.randoms())
def test_neither_the_order_of_rows_nor_the_numbers_of_clusters_matter(rows, random):
    def sums(rows, rename):
        stats = np.array([[value, 1.0] for value, _ in rows])
        return cluster_sums(stats, np.array([rename[cluster] for _, cluster in rows]))

    shuffled = random.sample(rows, len(rows))
    renamed = random.sample(range(100), 5)
    assert (sums(rows, range(5)) == sums(shuffled, renamed)).all()


def test_repeating_rows_are_worth_as_many_as_there_are_clusters_or_fewer_where_one_is_large():
    assert effective_rows(np.arange(7)) == 7
    assert effective_rows(np.repeat([3, 1], 5)) == 2
    assert effective_rows(np.array([0, 0, 0, 1])) == 1.6


def test_rows_are_independent_where_no_cluster_has_two():
    assert independent(np.array([4, 0, 2]))
    assert not independent(np.array([4, 0, 4]))
