from qlora_gov.stats import DIFFERENCE, Estimate, Hypothesis, Withheld, judge_slices

HYPOTHESIS = Hypothesis(DIFFERENCE, -0.1, above=True)


def normal(value, error):
    from scipy.special import ndtri

    def interval(level):
        half = float(ndtri((1 + level) / 2)) * error
        return value - half, value + half

    return Estimate(value, error, "normal", 50, 50, interval), HYPOTHESIS


def test_slices_are_kept_broken_or_silent():
    slices = {
        "good": normal(0.0, 0.01),
        "bad": normal(-0.5, 0.05),
        "wide": normal(0.0, 0.5),
        "empty": (Withheld("there are no rows", 0, 0), HYPOTHESIS),
    }
    found = judge_slices(slices, 0.05)
    assert (found.kept, found.broken, found.silent) == ({"good"}, {"bad"}, {"wide", "empty"})


def test_a_break_must_stand_correction_for_the_number_of_slices():
    p_of_03 = normal(-0.1 - 1.88 * 0.05, 0.05)
    assert judge_slices({"one": p_of_03}, 0.05).broken == {"one"}
    many = {f"{index}": normal(0.0, 0.01) for index in range(9)}
    assert judge_slices({"one": p_of_03, **many}, 0.05).broken == frozenset()


def test_each_break_leaves_the_others_less_to_be_corrected_for():
    # p-values .02 and .04: Bonferroni breaks the first alone, Holm both.
    slices = {"first": normal(-0.1 - 2.054 * 0.05, 0.05), "second": normal(-0.1 - 1.751 * 0.05, 0.05)}
    assert judge_slices(slices, 0.05).broken == {"first", "second"}


def test_an_unreadable_slice_still_counts_as_one_that_was_looked_at():
    p_of_03 = normal(-0.1 - 1.88 * 0.05, 0.05)
    silent = (Withheld("there are no rows", 0, 0), HYPOTHESIS)
    assert judge_slices({"one": p_of_03, "empty": silent}, 0.05).broken == frozenset()
