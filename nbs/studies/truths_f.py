"""Rows 1, 3, 9 and 15 of issue 16: folds, choosing and the variance budget, with known truth.

Every function of a row returns {setting: (figure, its Monte-Carlo standard error)}. "Before" is
what was printed before the issue, copied small; "after" calls the package.
"""
import math

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from expression_research.choosing import (
    Budget,
    choose_best,
    corrected_choice,
    variance_budget,
)
from expression_research.crossval import network_fold
from expression_research.config import RunConfig
from expression_research.core import keyed_seed
from expression_research.data import load_expressions
from expression_research.diagnostics import prediction_table, scores
from expression_research.faces import generate_faces
from expression_research.folds import (
    CrossValidation,
    corrected_interval,
    cross_validate,
    pool,
    wider_interval,
)
from expression_research.intervals import accuracy_interval, wilson
from expression_research.rivals import compare_crossed, crossed_difference, verdict

from truths import mean_of, share_of, worst_rate

SIZES = (23, 45, 90, 225, 1000)
SOURCES = ("split", "weights", "order", "augmentation")


# ---- row 1: the interval of a cross-validated accuracy

def folds_with_truth(n, true, draws, seed, folds=5, repeats=3, each=1, likeness=0.0):
    """Right answers (draws, repeats, n), the fold of each image (draws, repeats, n), who is who.

    An image is right when its difficulty (the same in every repeat), its person's and what this
    training makes of it are together below a threshold; each fold's model has a skill of its own.
    """
    key = ("row 1", n, round(1000 * true), repeats, each)
    generator = np.random.default_rng(keyed_seed(seed, *key))
    people = -(-n // each)
    persons = np.arange(n) // each
    own = math.sqrt(likeness) * generator.normal(size=(draws, people))[:, persons]
    image = math.sqrt(0.7 * (1 - likeness)) * generator.normal(size=(draws, n))
    right, place = [], []
    for _ in range(repeats):
        order = generator.random((draws, people)).argsort(axis=1).argsort(axis=1)
        fold = (order % folds)[:, persons]
        skill = 0.1 * generator.normal(size=(draws, folds))
        luck = math.sqrt(0.3 * (1 - likeness)) * generator.normal(size=(draws, n))
        level = math.sqrt(1.01) * norm.ppf(true) + np.take_along_axis(skill, fold, axis=1)
        right.append(own + image + luck < level)
        place.append(fold)
    return np.stack(right, axis=1), np.stack(place, axis=1), persons


def fold_accuracies(right, place, folds=5):
    "Accuracies (draws, repeats * folds)."
    found = []
    for repeat in range(right.shape[1]):
        for fold in range(folds):
            held_out = place[:, repeat] == fold
            found.append((right[:, repeat] & held_out).sum(axis=1) / held_out.sum(axis=1))
    return np.stack(found, axis=1)


def _row1(draws, seed, judge, repeats=(1, 3)):
    "Coverage of an interval, over sizes, true accuracies and repeats; and with persons."
    found = {}
    for n in SIZES:
        for true in (0.6, 0.93, 0.97, 0.99):
            for number in repeats:
                right, place, _ = folds_with_truth(n, true, draws, seed, repeats=number)
                hits = judge(right, place, None, true)
                found[f"n={n}, accuracy {true}, 5 x {number}"] = share_of(hits)
    for n in SIZES[1:4]:
        for true in (0.8, 0.97):
            right, place, who = folds_with_truth(n, true, draws, seed, each=5, likeness=0.4)
            hits = judge(right, place, who, true)
            found[f"n={n}, accuracy {true}, 5 x 3, 5 images a person"] = share_of(hits)
    return found


def before_row1(draws, seed):
    "Nadeau and Bengio's interval with the ratio that was used."
    def judge(right, place, persons, true):
        found = corrected_interval(fold_accuracies(right, place), 1 / 4)
        return (found.low <= true) & (true <= found.high)
    return _row1(draws, seed, judge)


def after_row1(draws, seed):
    "The wider of it and Wilson's, as `CrossValidation.interval` computes it."
    def judge(right, place, persons, true):
        ratio, everyone = 0.2 / 0.64, np.arange(right.shape[2])
        hits = []
        for accuracies, one in zip(fold_accuracies(right, place), right):
            shares = accuracy_interval(one.mean(axis=0), everyone if persons is None else persons)
            found = wider_interval(corrected_interval(accuracies, ratio), shares)
            hits.append(found.low <= true <= found.high)
        return hits
    return _row1(draws, seed, judge)


def _choices(draws, seed, sizes=SIZES[:4], accuracies=(0.6, 0.97)):
    "Right answers (n, M) of 5 configurations of one true accuracy, with a common difficulty."
    for n in sizes:
        for true in accuracies:
            generator = np.random.default_rng(keyed_seed(seed, "choices", n, round(1000 * true)))
            for _ in range(draws):
                common = generator.normal(size=(n, 1))
                own = generator.normal(size=(n, 5))
                yield n, true, math.sqrt(0.7) * common + math.sqrt(0.3) * own < norm.ppf(true)


def _choice_coverage(draws, seed, judge):
    found = {}
    for n, true, right in _choices(draws, seed):
        low, high = judge(right)
        found.setdefault(f"choose_best, n={n}, accuracy {true}", []).append(low <= true <= high)
    return {name: share_of(hits) for name, hits in found.items()}


def before_row1_choice(draws, seed):
    "The bootstrap's quantiles."
    return _choice_coverage(
        draws, seed, lambda right: np.nanquantile(corrected_choice(right, 200), [0.025, 0.975])
    )


def after_row1_choice(draws, seed):
    "What `choose_best` prints."
    def judge(right):
        labels, ids = np.zeros(len(right), int), [str(row) for row in range(len(right))]
        tables = {
            str(number): prediction_table(ids, labels, np.eye(2)[1 - column.astype(int)], "x")
            for number, column in enumerate(right.T)
        }
        found = choose_best(tables, draws=200)
        return found.low, found.high
    return _choice_coverage(draws, seed, judge)


# ---- row 3: how many images a fold's model was trained on

class CountedFold:
    "fit(...) that counts the images whose labels reach the weights: those of the training loader."
    def __init__(self, fit):
        self.fit, self.seen = fit, []
    def __call__(self, train_rows, inner_rows, held_out_rows, seeds):
        loader = self.fit.loader(train_rows, self.fit.recipe.transforms()[0], 0)
        self.seen.append(sum(len(labels) for _, labels in loader))
        ids = self.fit.samples["sample_id"].iloc[held_out_rows]
        labels = self.fit.samples["label"].iloc[held_out_rows]
        return prediction_table(ids, labels, np.zeros((len(ids), 3)), "x")


def _row3(said):
    "What is said of the size, over what the training loaders of the folds held."
    faces = load_expressions(generate_faces({"train": 300, "validation": 90, "test": 30}, side=32))
    pooled = pool(faces)
    fit = CountedFold(network_fold(pooled, RunConfig(model="tinyvgg", side=32, guards="off")))
    crossed = cross_validate(fit, pooled.samples, progress=False, jobs=1)
    return {"images said / images that trained": (said(crossed) / np.mean(fit.seen), 0.0)}


def before_row3(draws=1, seed=0):
    "Training and choosing images together."
    return _row3(lambda crossed: (crossed.folds["trained_on"] + crossed.folds["chosen_on"]).mean())


def after_row3(draws=1, seed=0):
    "What the line says."
    return _row3(
        lambda crossed: float(crossed.line().split("trained on about ")[1].split(" images")[0])
    )


# ---- row 9: the chosen epoch on the images that chose it

def made_up_epochs(images, generator, epochs=30, networks=4, fresh=4000):
    "Losses and right answers (images + fresh, networks * epochs) of networks that learn."
    common, own = generator.normal(size=(2, images + fresh, networks, 1))
    drift = generator.normal(size=(images + fresh, networks, epochs))
    for epoch in range(1, epochs):
        drift[..., epoch] = 0.8 * drift[..., epoch - 1] + 0.6 * drift[..., epoch]
    learned = 0.35 * (1 - np.exp(-np.arange(epochs) / 6))
    luck = 0.08 * generator.normal(size=(networks, 1))
    luck = luck + 0.04 * generator.normal(size=(networks, epochs))
    margin = learned + luck + 0.85 * common + 0.35 * own + 0.4 * drift
    losses = np.logaddexp(0, -(1 + 0.08 * np.arange(epochs)) * margin)
    return losses.reshape(len(losses), -1), (margin > 0).reshape(len(losses), -1)


def _row9(draws, seed, estimate):
    "Points by which what is printed of the chosen epoch exceeds its accuracy on 4000 new images."
    found = {}
    for n in SIZES[:4]:
        errors = []
        for draw in range(draws):
            generator = np.random.default_rng(keyed_seed(seed, "row 9", n, draw))
            losses, right = made_up_epochs(n, generator)
            kept = losses[:n].mean(axis=0).argmin()
            printed = estimate(losses[:n], right[:n], kept)
            errors.append(100 * (printed - right[n:, kept].mean()))
        found[f"n={n}, 4 networks x 30 epochs"] = mean_of(errors)
    return found


def before_row9(draws, seed):
    "The accuracy on the images that chose."
    return _row9(draws, seed, lambda losses, right, kept: right[:, kept].mean())


def after_row9(draws, seed):
    "What `epoch_sentence` and `validation_choice` say to expect."
    return _row9(
        draws,
        seed,
        lambda losses, right, kept: np.nanmean(corrected_choice(right, 200, losses=losses)),
    )


def _row9_coverage(draws, seed, interval):
    "How often what is printed of the chosen epoch holds its accuracy on 4000 new images."
    found = {}
    for n in SIZES[:4]:
        hits = []
        for draw in range(draws):
            generator = np.random.default_rng(keyed_seed(seed, "row 9", n, draw))
            losses, right = made_up_epochs(n, generator)
            kept = losses[:n].mean(axis=0).argmin()
            low, high = interval(losses[:n], right[:n], kept)
            hits.append(low <= right[n:, kept].mean() <= high)
        found[f"n={n}, 4 networks x 30 epochs"] = share_of(hits)
    return found


def before_row9_coverage(draws, seed):
    "Wilson's interval of the images that chose."
    return _row9_coverage(
        draws, seed, lambda losses, right, kept: wilson(int(right[:, kept].sum()), len(right))
    )


def after_row9_coverage(draws, seed):
    "The interval beside the accuracy to expect: its lower end goes down by what choosing flatters."
    def interval(losses, right, kept):
        expected = np.nanmean(corrected_choice(right, 200, losses=losses))
        found = wilson(int(right[:, kept].sum()), len(right))
        return found[0] - max(right[:, kept].mean() - expected, 0), found[1]
    return _row9_coverage(draws, seed, interval)


# ---- row 15: which source makes the largest spread, and how wide an unseen spread is

def _budget(rows):
    "A `Budget` of these accuracies, as `variance_budget` makes it."
    sds = [100 * np.std(row, ddof=1) for row in rows]
    ends = [np.sqrt((len(row) - 1) / chi2.ppf([0.975, 0.025], len(row) - 1)) for row in rows]
    table = pd.DataFrame(
        {
            "runs": [len(row) for row in rows],
            "sd": sds,
            "low": [sd * low for sd, (low, _) in zip(sds, ends)],
            "high": [sd * high for sd, (_, high) in zip(sds, ends)],
        },
        index=SOURCES[:len(rows)],
    )
    return Budget(table, dict(zip(SOURCES, rows)), math.nan, {})


def _budget_rate(draws, seed, says):
    found = {}
    for name, sources in (("four equal sources", 4), ("two equal sources", 2)):
        for images in (24, 90):
            generator = np.random.default_rng(keyed_seed(seed, "row 15", name, images))
            hits = []
            for _ in range(draws):
                true = 0.7 + 0.03 * generator.normal(size=(sources, 10))
                right = generator.binomial(images, np.clip(true, 0, 1))
                hits.append(says(_budget(list(right / images))))
            found[f"{name}, 10 runs, {images} images"] = share_of(hits)
    return found


def before_row15(draws, seed):
    "\"X makes the largest spread\" was said always."
    return _budget_rate(draws, seed, lambda budget: True)


def after_row15(draws, seed):
    "What `Budget.line` says."
    return _budget_rate(draws, seed, lambda budget: budget.line().startswith("the largest spread"))


EFFECTS = {"split": 3.0, "weights": 3.0, "split weights": 3.0, "order split": 2.0}    # points


def with_interactions(seeds):
    "An accuracy whose effects include two that only pairs of sources have."
    effect = 0.0
    for names, points in EFFECTS.items():
        key = [names, *(seeds[name] for name in names.split())]
        effect += points * np.random.default_rng(keyed_seed(0, *key)).normal()
    return 0.6 + effect / 100


def _whole(draws, seed, of):
    "A spread over the true one when all sources vary."
    true = math.sqrt(sum(points**2 for points in EFFECTS.values()))
    squares = []
    for draw in range(draws):
        budget = variance_budget(with_interactions, runs=20, seed=seed + draw)
        squares.append((of(budget) / true) ** 2)
    return {"variance said to be the whole / the true one": mean_of(squares)}


def before_row15_whole(draws, seed):
    "Bars that a reader adds up."
    return _whole(draws, seed, lambda budget: math.sqrt((budget.table["sd"] ** 2).sum()))


def after_row15_whole(draws, seed):
    "The bar `all together`."
    return _whole(draws, seed, lambda budget: budget.together["sd"])


ROWS = [
    dict(row=1, what="coverage of the interval of a cross-validated accuracy",
         wanted=">= .92", before=before_row1, after=after_row1, draws=1000),
    dict(row=1, what="coverage of the interval of the best of five configurations",
         wanted=">= .92", before=before_row1_choice, after=after_row1_choice, draws=300),
    dict(row=3, what="images said to train a fold's model, over those that did",
         wanted="= 1", before=before_row3, after=after_row3, draws=1),
    dict(row=9, what="points by which what is said of the chosen epoch is too good",
         wanted="<= 0, and not below -2", before=before_row9, after=after_row9, draws=300),
    dict(row=9, what="coverage of the interval beside the accuracy of the chosen epoch",
         wanted=">= .92", before=before_row9_coverage, after=after_row9_coverage, draws=200),
    dict(row=15, what="\"the largest spread is that of X\", said of equal sources",
         wanted="<= .06", before=before_row15, after=after_row15, draws=1000),
    dict(row=15, what="the whole spread, from a budget with interactions",
         wanted="= 1", before=before_row15_whole, after=after_row15_whole, draws=200),
]


# ---- sentences about two cross-validations, and about several

def equal_rivals(n, each, repeats, methods, seed, folds=5):
    """Cross-validations of equal methods on the same divisions, 65 % right on average.

    An image is easy or hard for all, a person too; every method has images of its own that it finds
    easy, in every division; a fold's model is lucky or not.
    """
    generator = np.random.default_rng(keyed_seed(seed, "equal rivals", n, each, repeats, methods))
    persons, labels = np.arange(n) // each, np.arange(n) % 3
    shared = 0.4 * generator.normal(size=n) + 0.5 * generator.normal(size=n // each + 1)[persons]
    own = 0.7 * generator.normal(size=(methods, n))
    places = [generator.permutation(persons.max() + 1)[persons] % folds for _ in range(repeats)]
    names, people = [f"{row:04d}" for row in range(n)], [f"p{person}" for person in persons]
    found = []
    for method in range(methods):
        tables, rows = [], []
        for repeat, place in enumerate(places):
            luck = 0.15 * generator.normal(size=folds)[place] + 0.3 * generator.normal(size=n)
            right = shared + own[method] + luck < norm.ppf(0.65)
            answers = np.where(right, labels, (labels + 1) % 3)
            logits = 2.0 * np.eye(3)[answers] + 0.1 * generator.normal(size=(n, 3))
            table = prediction_table(names, labels, logits, "out-of-fold")
            table = table.assign(subject=people, repeat=repeat, fold=place)
            tables.append(table)
            for fold in range(folds):
                held_out = place == fold
                told = scores(table[held_out].drop(columns=["subject", "repeat", "fold"]))
                counts = {"trained_on": n - held_out.sum(), "held_out": held_out.sum()}
                rows.append({"repeat": repeat, "fold": fold, "chosen_on": 0} | counts | told)
        whole = pd.concat(tables, ignore_index=True)
        found.append(CrossValidation(whole, pd.DataFrame(rows)))
    return found


def _rival_rate(draws, seed, methods, says):
    "How often something is said of equal methods, in five settings."
    found = {}
    for n, each, repeats in ((45, 1, 1), (45, 1, 3), (90, 5, 3), (200, 1, 3), (200, 10, 1)):
        hits = [says(equal_rivals(n, each, repeats, methods, seed + draw)) for draw in range(draws)]
        found[f"{n} images, {each} of a person, 5 folds x {repeats}"] = share_of(hits)
    return found


def _called_unequal(by):
    "Whether two are called unequal by their interval."
    return lambda pair: verdict(crossed_difference(*pair), by) != "cannot be told apart"


def _somebody_better(by):
    "Whether any pair of several is told apart."
    def says(family):
        table = compare_crossed({f"{place}": one for place, one in enumerate(family)}, by=by)
        return (table["said"] != "cannot be told apart").any()
    return says


SENTENCES = [
    *(
        dict(template=f"cross-validated on the same folds, X is better or worse ({by})",
             said_by="rivals.verdict, tuning",
             rate=lambda draws, seed, by=by: worst_rate(
                 _rival_rate(draws, seed, 2, _called_unequal(by))
             ), draws=400)
        for by in ("accuracy", "loss")
    ),
    *(
        dict(template=f"of four cross-validations, X is better ({by}, any pair)",
             said_by="rivals.compare_crossed",
             rate=lambda draws, seed, by=by: worst_rate(
                 _rival_rate(draws, seed, 4, _somebody_better(by))
             ), draws=200)
        for by in ("accuracy", "loss")
    ),
    dict(template="the largest spread is that of the {source} ...", said_by="choosing.Budget.line",
         rate=lambda draws, seed: worst_rate(after_row15(draws, seed)), draws=1000),
]
