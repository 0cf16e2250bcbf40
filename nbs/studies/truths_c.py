"""Comparisons with known truth: what was said of equal models before, and what is said now.

Every function of a row takes draws and a seed and returns {setting: (figure, its Monte-Carlo
standard error)}. The functions of SENTENCES return the highest rate, with its error.
"""

import math

import numpy as np
from scipy.stats import norm

from expression_research.comparison import (
    _macro_f1s,
    holm,
    macro_f1_difference_interval,
    macro_f1_permutation,
)
from expression_research.intervals import accuracy_interval, paired_interval, sign_flip, wilson
from expression_research.methods import (
    _Answers,
    _both_seeds,
    _image_parts,
    _touching_level,
    _with_seeds,
)
from expression_research.power import mcnemar, smallest_difference, smallest_visible

from truths import share_of, worst_rate

SIZES = (23, 45, 90, 225, 1000)


def fewer(
    draws: int,
    n: int,  # images
) -> int:
    "Large splits get fewer draws."
    return max(draws // 2, 20) if n >= 1000 else draws


def as_table(
    rows: list,  # (setting, figure, error)
) -> dict[str, tuple[float, float]]:  # setting -> figure, its error
    "What a function of a row returns."
    return {setting: (figure, error) for setting, figure, error in rows}


def single_pairs(
    draws: int, n: int, accuracy: float, generator, alike: float = 0.5, models: int = 2
) -> np.ndarray:  # (models, draws, n) float64, quality: right where above 0
    "Equally good models that feel the same difficulties."
    shared = generator.normal(size=(draws, n))
    own = generator.normal(size=(models, draws, n))
    return norm.ppf(accuracy) - math.sqrt(alike) * shared - math.sqrt(1 - alike) * own


_KNOWN: dict = {}


def exact_p(
    a: np.ndarray,  # (draws, n) bool
    b: np.ndarray,  # (draws, n) bool
) -> np.ndarray:  # (draws,) McNemar's p
    "The package's McNemar test, each pair of counts once."
    pairs = list(zip((a & ~b).sum(axis=1).tolist(), (b & ~a).sum(axis=1).tolist()))
    for pair in set(pairs) - set(_KNOWN):
        _KNOWN[pair] = mcnemar(*pair)
    return np.array([_KNOWN[pair] for pair in pairs])


# Row 2: beats, does not beat


def before_row2(draws=1000, seed=0):
    "The signs of two differences, of accuracy and loss: `beats` or `does not beat`."
    generator, rows = np.random.default_rng([seed, 2]), []
    for n in SIZES:
        a, b = single_pairs(fewer(draws, n), n, 0.7, generator)
        points = (a > 0).mean(axis=1) - (b > 0).mean(axis=1)
        losses = [np.log1p(2 * np.exp(-2 * quality)).mean(axis=1) for quality in (a, b)]
        nats = losses[0] - losses[1]
        rows.append((f"beats, n = {n}", *share_of((points > 0) & (nats < 0))))
        rows.append((f"does not beat, n = {n}", *share_of((points <= 0) & (nats >= 0))))
    return as_table(rows)


def after_row2(draws=3000, seed=0):
    "McNemar's test with Holm's correction: one of two networks is better, or worse, than HOG."
    generator, rows = np.random.default_rng([seed, 2]), []
    for n in SIZES:
        for accuracy in (0.5, 0.7, 0.9):
            first, second, hog = single_pairs(fewer(draws, n), n, accuracy, generator, models=3) > 0
            tests = np.stack([exact_p(first, hog), exact_p(second, hog)])
            told = [holm(both).min() <= 0.05 for both in tests.T]
            rows.append((f"better or worse, n = {n}, accuracy {accuracy}", *share_of(told)))
    return as_table(rows)


# Row 4: what could have been seen


def _power_of(points, n, disagreement, draws, generator):
    "How often McNemar's test finds a true difference of so many points."
    shares = [
        (disagreement + points / 100) / 2,
        (disagreement - points / 100) / 2,
        1 - disagreement,
    ]
    drawn = generator.multinomial(n, np.clip(shares, 0, 1), size=draws)
    for pair in {tuple(row) for row in drawn[:, :2].tolist()} - set(_KNOWN):
        _KNOWN[pair] = mcnemar(*pair)
    return [_KNOWN[tuple(row)] <= 0.05 for row in drawn[:, :2].tolist()]


def _power_rows(draws, seed, points_of):
    generator, rows = np.random.default_rng([seed, 4]), []
    for n in SIZES:
        for disagreement in (0.1, 0.2, 0.3, 0.5):
            points = points_of(n, disagreement)
            if math.isnan(points) or points > 100 * disagreement:
                continue  # nothing is printed; before, the number was out of reach of any truth
            found = _power_of(points, n, disagreement, 4 * draws, generator)
            rows.append(
                (f"{points:.1f} points, n = {n}, disagree on {disagreement:.0%}", *share_of(found))
            )
    return as_table(rows)


def before_row4(draws=2000, seed=0):
    "Power at the difference below which, it was said, nothing could have been seen."
    return _power_rows(draws, seed, lambda n, disagreement: smallest_visible(n))


def after_row4(draws=2000, seed=0):
    "Power at the difference that is said to be found in 80 % of cases."
    return _power_rows(draws, seed, smallest_difference)


# Row 5: methods


def trainings(draws, seeds, n, accuracy, spread, generator, alike=0.5, own=0.2, methods=2):
    "(methods, draws, seeds, n) bool: equal methods; their accuracy spreads from seed to seed."
    level = norm.ppf(accuracy)
    of_seed = spread / norm.pdf(level)
    level = level * math.sqrt(1 + of_seed**2)
    shared, right = generator.normal(size=(draws, 1, n)), []
    for _ in range(methods):
        image = math.sqrt(alike - own) * shared + math.sqrt(own) * generator.normal(
            size=(draws, 1, n)
        )
        luck = of_seed * generator.normal(size=(draws, seeds, 1))
        chance = math.sqrt(1 - alike) * generator.normal(size=(draws, seeds, n))
        right.append(image + luck + chance < level)
    return np.stack(right)


def before_row5(draws=1000, seed=0):
    "One training of each of two equal methods: McNemar says which is better."
    generator, rows = np.random.default_rng([seed, 5]), []
    for n in SIZES[1:]:
        for spread in (0.05, 0.149):
            a, b = trainings(fewer(draws, n), 1, n, 0.65, spread, generator)[:, :, 0]
            rows.append(
                (
                    f"better, n = {n}, spread {100 * spread:.1f} points",
                    *share_of(exact_p(a, b) <= 0.05),
                )
            )
    return as_table(rows)


def _method_p(a, b, paired, persons=None):
    "The p-value of `compare_methods`, from arrays (S, N)."
    pair = [_Answers(part.astype(float), part, persons, tuple(range(len(part)))) for part in (a, b)]
    part, noise = _both_seeds(*pair, paired)
    images = pair[0].right.mean(axis=0, keepdims=True) - pair[1].right.mean(axis=0, keepdims=True)
    middle, of_images = _image_parts(images, noise, persons)
    return _touching_level(middle, [part, of_images])


def _against_fixed_p(runs, table):
    "The p-value of `compare_methods` of a method, (S, N), and a baseline without seeds, (1, N)."
    pair = [_Answers(runs.astype(float), runs, None, tuple(range(len(runs))))]
    pair.append(_Answers(table.astype(float), table, None, None))
    part, noise = _both_seeds(*pair, False)
    images = pair[0].right.mean(axis=0, keepdims=True) - pair[1].right
    middle, of_images = _image_parts(images, noise, None)
    return _touching_level(middle, [part, of_images])


def after_row5(draws=600, seed=0, settings=((3, 0.05), (5, 0.05), (5, 0.149), (10, 0.05))):
    "Several trainings of each of two equal methods: how often one is called the better method."
    generator, rows = np.random.default_rng([seed, 5]), []
    for n in SIZES[1:]:
        for seeds, spread in settings:
            pairs = trainings(fewer(draws, n), seeds, n, 0.65, spread, generator)
            for paired in (True, False):
                told = [_method_p(a, b, paired) <= 0.05 for a, b in zip(*pairs)]
                how = "paired" if paired else "not paired"
                rows.append(
                    (
                        f"{seeds} seeds, n = {n}, spread {100 * spread:.1f} points, {how}",
                        *share_of(told),
                    )
                )
    return as_table(rows)


def before_row5_interval(draws=1000, seed=0):
    "The interval of the median run (of three) holds the accuracy of the method."
    generator, rows = np.random.default_rng([seed, 51]), []
    for n in SIZES[1:]:
        right = trainings(fewer(draws, n), 3, n, 0.65, 0.05, generator, methods=1)[0].sum(axis=2)
        ends = [wilson(int(median), n) for median in np.median(right, axis=1)]
        rows.append(
            (f"n = {n}, spread 5 points", *share_of([low <= 0.65 <= high for low, high in ends]))
        )
    return as_table(rows)


def after_row5_interval(draws=400, seed=0):
    "The interval of the method, over seeds and images, holds its accuracy."
    generator, rows = np.random.default_rng([seed, 51]), []
    for n in SIZES:
        for seeds, accuracy, spread in (
            (2, 0.65, 0.05),
            (3, 0.65, 0.05),
            (5, 0.65, 0.05),
            (5, 0.65, 0.149),
            (5, 0.95, 0.02),
            (10, 0.8, 0.0),
        ):
            held = []
            for right in trainings(
                fewer(draws, n), seeds, n, accuracy, spread, generator, methods=1
            )[0]:
                right = right.astype(float)
                ends = _with_seeds(
                    right, accuracy_interval(right.ravel(), np.tile(np.arange(n), seeds))
                )
                held.append(ends.low <= accuracy <= ends.high)
            rows.append(
                (
                    f"{seeds} seeds, n = {n}, accuracy {accuracy}, spread {100 * spread:g} points",
                    *share_of(held),
                )
            )
    return as_table(rows)


# Row 6: persons


def people_pairs(draws, number, images, likeness, accuracy, generator):
    "(2, draws, images) bool: equal models, each good with persons of its own; who is who."
    who = np.repeat(np.arange(number), images)
    own = generator.normal(size=(2, draws, number))[:, :, who]
    noise = generator.normal(size=(2, draws, number * images))
    return math.sqrt(likeness) * own + math.sqrt(1 - likeness) * noise < norm.ppf(accuracy), who


PEOPLE = ((9, 5, 0.3), (18, 5, 0.1), (18, 5, 0.5), (45, 5, 0.5), (20, 50, 0.1), (20, 50, 0.5))


def before_row6(draws=1000, seed=0):
    "McNemar's test of two equal models, with several images of each person."
    generator, rows = np.random.default_rng([seed, 6]), []
    for number, images, likeness in PEOPLE:
        (a, b), _ = people_pairs(
            fewer(draws, number * images), number, images, likeness, 0.7, generator
        )
        setting = f"{number} persons with {images} images, likeness {likeness}"
        rows.append((setting, *share_of(exact_p(a, b) <= 0.05)))
    return as_table(rows)


def after_row6(draws=600, seed=0):
    "Sign flips by person, of the same."
    generator, rows = np.random.default_rng([seed, 6]), []
    for number, images, likeness in PEOPLE:
        (a, b), who = people_pairs(
            fewer(draws, number * images), number, images, likeness, 0.7, generator
        )
        told = [sign_flip(one.astype(float) - two, who) <= 0.05 for one, two in zip(a, b)]
        setting = f"{number} persons with {images} images, likeness {likeness}"
        rows.append((setting, *share_of(told)))
    return as_table(rows)


def _paired_coverage(draws, seed, by_person):
    generator, rows = np.random.default_rng([seed, 61]), []
    for number, images, likeness in PEOPLE:
        (a, b), who = people_pairs(
            fewer(draws, number * images), number, images, likeness, 0.7, generator
        )
        ends = [paired_interval(one, two, who if by_person else None) for one, two in zip(a, b)]
        setting = f"{number} persons with {images} images, likeness {likeness}"
        rows.append(
            (setting, *share_of([low <= 0 <= high for low, high, reason in ends if not reason]))
        )
    return as_table(rows)


def before_row6_interval(draws=1000, seed=0):
    "Bonett and Price's interval of the difference, images as independent, holds 0."
    return _paired_coverage(draws, seed, False)


def after_row6_interval(draws=1000, seed=0):
    "The same, by person."
    return _paired_coverage(draws, seed, True)


# Row 12: the difference of macro F1


def class_shares(classes, rare):
    "Of images: alike, or one class with 5 %."
    if not rare:
        return np.full(classes, 1 / classes)
    return np.append(np.full(classes - 1, 0.95 / (classes - 1)), 0.05)


def class_pairs(draws, n, classes, rare, accuracies, generator):
    "Labels and answers of two models, (draws, n) each; a rare class is harder by 25 points."
    edges = np.cumsum(class_shares(classes, rare))
    labels = np.minimum(np.searchsorted(edges, generator.random((draws, n))), classes - 1)
    hard, answers = generator.normal(size=(draws, n)), []
    for accuracy in accuracies:
        levels = np.full(classes, accuracy)
        if rare:
            levels[-1] -= 0.25
        right = (
            math.sqrt(0.5) * (hard + generator.normal(size=(draws, n))) < norm.ppf(levels)[labels]
        )
        answers.append(
            np.where(right, labels, (labels + generator.integers(1, classes, (draws, n))) % classes)
        )
    return labels, *answers


def _class_settings(seed, sizes, draws):
    "Setting, labels and answers, true difference."
    generator = np.random.default_rng([seed, 12])
    for classes in (2, 3, 7):
        for rare in (False, True):
            for accuracies in ((0.75, 0.75), (0.85, 0.6)):
                drawn = class_pairs(1, 1_000_000, classes, rare, accuracies, generator)
                truth = float(
                    (
                        _macro_f1s(drawn[0], drawn[1], classes)
                        - _macro_f1s(drawn[0], drawn[2], classes)
                    )[0]
                )
                for n in sizes:
                    three = class_pairs(fewer(draws, n), n, classes, rare, accuracies, generator)
                    shape = "a class of 5 %" if rare else "balanced"
                    yield (
                        f"n = {n}, C = {classes}, {shape}, accuracies {accuracies}",
                        classes,
                        three,
                        truth,
                    )


def before_row12(draws=200, seed=0, resamples=400, sizes=SIZES[:4]):
    "The percentile bootstrap of the difference of macro F1 holds the truth; it was always printed."
    rows, generator = [], np.random.default_rng([seed, 121])
    for setting, classes, drawn, truth in _class_settings(seed, sizes, draws):
        held = []
        for labels, a, b in zip(*drawn):
            chosen = generator.integers(0, len(labels), (resamples, len(labels)))
            found = _macro_f1s(labels[chosen], a[chosen], classes) - _macro_f1s(
                labels[chosen], b[chosen], classes
            )
            low, high = np.quantile(found, [0.025, 0.975])
            held.append(low <= truth <= high)
        rows.append((setting, *share_of(held)))
    return as_table(rows)


def after_row12(draws=400, seed=0, sizes=SIZES, least=50):
    "The interval holds the truth, where it is printed; settings in which it hardly is are out."
    rows = []
    for setting, classes, drawn, truth in _class_settings(seed, sizes, draws):
        ends = [macro_f1_difference_interval(*three, classes) for three in zip(*drawn)]
        held = [low <= truth <= high for low, high, reason in ends if not reason]
        if len(held) >= least:
            rows.append((f"{setting}, printed {len(held) / len(ends):.2f}", *share_of(held)))
    return as_table(rows)


def after_row12_persons(draws=400, seed=0):
    "The same by person: 5 images of each, three classes."
    generator, rows = np.random.default_rng([seed, 122]), []
    for number, images, likeness in PEOPLE[1:]:
        (a, b), who = people_pairs(
            fewer(draws, number * images), number, images, likeness, 0.7, generator
        )
        labels = np.arange(number * images) % 3
        held = []
        for one, two in zip(a, b):
            told = [
                np.where(right, labels, (labels + generator.integers(1, 3, len(labels))) % 3)
                for right in (one, two)
            ]
            low, high, reason = macro_f1_difference_interval(labels, *told, 3, persons=who)
            if not reason:
                held.append(low <= 0 <= high)
        setting = f"{number} persons with {images} images, likeness {likeness}"
        rows.append((setting, *share_of(held)))
    return as_table(rows)


# Row 15: several tests


def _any_told(draws, seed, models, corrected):
    generator, rows = np.random.default_rng([seed, 15]), []
    for n in SIZES:
        right = single_pairs(fewer(draws, n), n, 0.7, generator, models=models) > 0
        tests = np.stack([exact_p(right[0], other) for other in right[1:]])
        least = [holm(several).min() for several in tests.T] if corrected else tests.min(axis=0)
        rows.append((f"n = {n}, {models - 1} baselines", *share_of(np.asarray(least) <= 0.05)))
    return as_table(rows)


def before_row15(draws=1000, seed=0):
    "The table of baselines, uncorrected: at least one is told apart from an equal model."
    return _any_told(draws, seed, 3, False) | _any_told(draws, seed, 6, False)


def after_row15(draws=3000, seed=0):
    "The same with Holm's correction."
    return _any_told(draws, seed, 3, True) | _any_told(draws, seed, 6, True)


ROWS = [
    dict(
        row=2,
        what="“beats”, “does not beat” of two equal models",
        wanted="<= .05",
        before=before_row2,
        after=after_row2,
    ),
    dict(
        row=4,
        what="power at the difference that is printed",
        wanted=">= .80",
        before=before_row4,
        after=after_row4,
    ),
    dict(
        row=5,
        what="“better” of two equal methods",
        wanted="<= .05",
        before=before_row5,
        after=after_row5,
    ),
    dict(
        row=5,
        what="the interval holds the accuracy of the method",
        wanted=">= .95",
        before=before_row5_interval,
        after=after_row5_interval,
    ),
    dict(
        row=6,
        what="type I error with several images of a person",
        wanted="<= .05",
        before=before_row6,
        after=after_row6,
    ),
    dict(
        row=6,
        what="coverage of the paired interval with several images of a person",
        wanted=">= .92",
        before=before_row6_interval,
        after=after_row6_interval,
    ),
    dict(
        row=12,
        what="coverage of the difference of macro F1, where printed",
        wanted=">= .92",
        before=before_row12,
        after=after_row12,
    ),
    dict(
        row=12, what="the same by person", wanted=">= .92", before=None, after=after_row12_persons
    ),
    dict(
        row=15,
        what="a baseline is told apart from an equal model",
        wanted="<= .05",
        before=before_row15,
        after=after_row15,
    ),
]


# Sentences


def says_better(draws=3000, seed=0):
    "Of these two trainings, X is better: of two equally good ones."
    generator, rows = np.random.default_rng([seed, 21]), []
    for n in SIZES:
        for accuracy in (0.5, 0.7, 0.9):
            a, b = single_pairs(fewer(draws, n), n, accuracy, generator) > 0
            rows.append((len(rows), *share_of(exact_p(a, b) <= 0.05)))
    return worst_rate(as_table(rows))


def says_better_in_macro_f1(draws=200, seed=0):
    "The same, decided by macro F1."
    generator, rows = np.random.default_rng([seed, 22]), []
    for n in (23, 45, 90):
        for rare in (False, True):
            drawn = class_pairs(draws, n, 3, rare, (0.75, 0.75), generator)
            told = [macro_f1_permutation(*three, 3, resamples=499) <= 0.05 for three in zip(*drawn)]
            rows.append((len(rows), *share_of(told)))
    return worst_rate(as_table(rows))


def says_better_by_person(draws=600, seed=0):
    "The same, with several images of each person."
    return worst_rate(after_row6(draws, seed))


def says_beats_hog(draws=3000, seed=0):
    "One of two networks is better or worse than an equally good HOG."
    return worst_rate(after_row2(draws, seed))


def says_baseline_better(draws=3000, seed=0):
    "One of two or five baselines is better or worse than an equally good network."
    return worst_rate(after_row15(draws, seed))


def says_better_method(draws=600, seed=0):
    "X is the better method: of two equal ones."
    return worst_rate(after_row5(draws, seed))


def says_pairs_apart(draws=3000, seed=0, models=5):
    "At least one pair of equally good models is told apart."
    generator, rows = np.random.default_rng([seed, 23]), []
    for n in SIZES:
        right = single_pairs(fewer(draws, n), n, 0.7, generator, models=models) > 0
        places = [(i, j) for i in range(models) for j in range(i + 1, models)]
        tests = np.stack([exact_p(right[i], right[j]) for i, j in places])
        rows.append((len(rows), *share_of([holm(several).min() <= 0.05 for several in tests.T])))
    return worst_rate(as_table(rows))


def says_methods_apart(draws=600, seed=0, methods=4, spread=0.05):
    "At least one pair of equal methods, or of one and a baseline, is told apart by Holm."
    generator, rows = np.random.default_rng([seed, 26]), []
    places = [(i, j) for i in range(methods) for j in range(i + 1, methods)]
    for n in SIZES[1:]:
        for seeds in (3, 5):
            right = trainings(fewer(draws, n), seeds, n, 0.65, spread, generator, methods=methods)
            fixed = trainings(fewer(draws, n), 1, n, 0.65, 0.0, generator)[0, :, :1]
            told = []
            for draw in range(right.shape[1]):
                several = [*right[:, draw], fixed[draw]]
                tests = [_method_p(several[i], several[j], True) for i, j in places]
                tests += [_against_fixed_p(one, several[-1]) for one in several[:-1]]
                told.append(holm(tests).min() <= 0.05)
            rows.append((f"{seeds} seeds, n = {n}", *share_of(told)))
    return worst_rate(as_table(rows))


def says_apart_from_all(draws=3000, seed=0, models=3):
    "The best of three equally good models is told apart from all others."
    generator, rows = np.random.default_rng([seed, 24]), []
    for n in SIZES:
        right = single_pairs(fewer(draws, n), n, 0.7, generator, models=models) > 0
        places = [(i, j) for i in range(models) for j in range(i + 1, models)]
        tests = np.stack([exact_p(right[i], right[j]) for i, j in places])
        best, told = right.sum(axis=2).argmax(axis=0), []
        for several, one in zip(tests.T, best):
            corrected = holm(several)
            told.append(all(corrected[k] <= 0.05 for k, pair in enumerate(places) if one in pair))
        rows.append((len(rows), *share_of(told)))
    return worst_rate(as_table(rows))


def says_equal(draws=1000, seed=0):
    "They are equal within 5 points: of two that differ by 5."
    generator, rows = np.random.default_rng([seed, 25]), []
    for n in SIZES:
        for disagreement in (0.1, 0.2, 0.3):
            shares = [(disagreement + 0.05) / 2, (disagreement - 0.05) / 2, 1 - disagreement]
            drawn, known = generator.multinomial(n, shares, size=4 * draws), {}
            for counts in {tuple(row) for row in drawn.tolist()}:
                right = np.repeat([1, 0, 1], counts), np.repeat([0, 1, 1], counts)
                low, high, _ = paired_interval(*right, None, 0.9)
                known[counts] = max(-low, high) < 0.05
            rows.append((len(rows), *share_of([known[tuple(row)] for row in drawn.tolist()])))
    return worst_rate(as_table(rows))


SENTENCES = [
    dict(
        template="Of these two trainings, X is better.",
        said_by="comparison.Comparison.line",
        rate=says_better,
    ),
    dict(
        template="Of these two trainings, X is better. (macro F1)",
        said_by="comparison.Comparison.line",
        rate=says_better_in_macro_f1,
        draws=1000,
    ),
    dict(
        template="Of these two trainings, X is better. (by N persons)",
        said_by="comparison.Comparison.line",
        rate=says_better_by_person,
        draws=3000,
    ),
    dict(
        template="They are equal within 5 points",
        said_by="comparison.Comparison.line",
        rate=says_equal,
    ),
    dict(
        template="K of N pairs of these trainings can be told apart (K > 0)",
        said_by="comparison.Ranking.line",
        rate=says_pairs_apart,
    ),
    dict(
        template="X is told apart from all others.",
        said_by="report._ranking_part",
        rate=says_apart_from_all,
    ),
    dict(
        template="X is better (a cell, against the baselines)",
        said_by="sections._comparison_section",
        rate=says_baseline_better,
    ),
    dict(
        template="of these two trainings, X is better (against HOG)",
        said_by="mainjob._verdicts",
        rate=says_beats_hog,
    ),
    dict(
        template="X is the better method",
        said_by="methods.MethodComparison.line",
        rate=says_better_method,
        draws=2000,
    ),
    dict(
        template="K of N pairs of methods can be told apart (K > 0)",
        said_by="report._methods_part",
        rate=says_methods_apart,
        draws=1000,
    ),
]
