"""Rows 8, 10, 13, 14 and 15 of issue 16: calibration, doubt and consistency, with known truth.

Every function of a row returns {setting: (figure, its Monte-Carlo standard error)}. "Before" is
what was printed before the issue, copied small; "after" calls the package.
"""
import math

import numpy as np
from scipy.stats import norm
from sklearn.metrics import f1_score, recall_score

from expression_research.calibration import (
    _brier_parts,
    brier_nulls,
    calibration_error,
    cross_temperature,
    fit_temperature,
    keyed_folds,
    reliability_table,
)
from expression_research.consistency import _fitting_f1, _right_vectors, consistent
from expression_research.core import ExpressionError, keyed_order, keyed_seed
from expression_research.diagnostics import (
    prediction_table,
    table_losses,
    table_predictions,
    table_probabilities,
)
from expression_research.doubt import conformal_sets, conformal_threshold, risk_area, sure_answers
from expression_research.intervals import wilson
from expression_research.prints import printed_range

from truths import mean_of, share_of, worst_rate

SIZES = (23, 45, 90, 225, 1000)
CLASSES = ((2, False), (3, False), (7, False), (3, True))  # C, whether one class has 5 %


def named(n, classes, rare, *more):
    "A setting in words."
    return ", ".join([f"n={n}", f"C={classes}", *["class of 5 %"] * rare, *more])


def softmax(logits):
    "Probabilities (..., C)."
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def logits_of(n, classes, rare, generator, spread=3.0):
    "Logits (n, C) of a model; a rare class is the true one on about 5 % of the images."
    logits = spread * generator.normal(size=(n, classes))
    if rare:
        logits[:, -1] -= {1.0: 2.6, 1.7: 3.6, 3.0: 5.7}[spread]
    return logits


def table_of(logits, generator, sharpness=1.0, each=1, likeness=0.0):
    "A prediction table whose labels are drawn from softmax(logits); it shows logits * sharpness."
    n, probabilities = len(logits), softmax(logits)
    persons = np.arange(n) // each
    person = math.sqrt(likeness) * generator.normal(size=persons.max() + 1)[persons]
    chance = norm.cdf(person + math.sqrt(1 - likeness) * generator.normal(size=n))
    order = np.argsort(-probabilities, axis=1)
    sums = np.take_along_axis(probabilities, order, axis=1).cumsum(axis=1)[:, :-1]
    labels = order[np.arange(n), (chance[:, None] >= sums).sum(axis=1)]
    ids = [f"image{row:05d}" for row in range(n)]
    table = prediction_table(ids, labels, logits * sharpness, "test")
    return table if each == 1 else table.assign(subject=[f"person {who}" for who in persons])


def draws_of(key, draws, seed):
    "A generator for each draw."
    return [np.random.default_rng(keyed_seed(seed, key, draw)) for draw in range(draws)]


# ---- row 8: true reports

def any_print(value, generator):
    "A number by one of the habits of programs and people."
    digits = int(generator.integers(2, 5))
    step = 10**digits
    habits = (
        lambda: f"{value:.{digits}f}",
        lambda: f"{value:.{digits - 1}%}",
        lambda: f"{100 * value:.{digits - 1}f}",
        lambda: f"{100 * value:.1f} %",
        lambda: f"{math.floor(value * step) / step:.{digits}f}",
        lambda: math.floor(value * step) / step,
        lambda: f"{math.floor(100 * value * step) / step:.{digits}f}",
        lambda: round(value, digits),
        lambda: np.float32(value),
        lambda: np.float32(100 * value),
        lambda: f"{value:.{digits}e}",
    )
    return habits[generator.integers(len(habits))]()


def true_report(generator):
    "The arguments of a true report, its numbers from scikit-learn and a loop over batches."
    classes = int(generator.integers(2, 5))
    n = int(generator.integers(5, {2: 60, 3: 33, 4: 15}[classes]))
    batch = int(generator.integers(2, 24))
    shares = generator.dirichlet(np.full(classes, 1.0 if generator.random() < 0.6 else 50.0))
    labels = generator.choice(classes, n, p=shares)
    guesses = generator.integers(0, classes, n)
    answers = np.where(generator.random(n) < generator.random(), labels, guesses)
    right = labels == answers
    batches = [right[start:start + batch] for start in range(0, n, batch)]
    accuracies = [
        right.mean(),
        np.mean([part.mean() for part in batches]),
        np.float32(sum(np.float32(part.mean()) for part in batches) / len(batches)),
    ]
    whole = [part for part in batches if len(part) == batch]
    if whole:
        accuracies.append(np.mean([part.mean() for part in whole]))
    every = list(range(classes))
    average = str(generator.choice(["macro", "weighted"]))
    f1 = f1_score(labels, answers, labels=generator.choice([0, 1]) * every or None,
                  average=average, zero_division=0)
    seen = np.unique(labels).tolist()
    recall = recall_score(labels, answers, labels=[seen, every][generator.integers(2)],
                          average="macro", zero_division=0)
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (labels, answers), 1)
    accuracy = float(accuracies[generator.integers(len(accuracies))])
    report = {"accuracy": any_print(accuracy, generator)}
    if generator.random() < 0.7:
        report["batch_size"] = batch
    if generator.random() < 0.5:
        report["recall"] = any_print(float(recall), generator)
    if generator.random() < 0.5:
        report["macro_f1"] = any_print(float(f1), generator)
    known = (
        {"confusion": matrix},
        {"support": matrix.sum(axis=1).tolist()},
        {"n": n, "classes": classes},
    )
    return report | known[generator.integers(3)]


def possible_before(report):
    "What `consistent` said before: rounding only, fractions only, k/n beside every other number."
    counts, support = report.get("confusion"), report.get("support")
    if counts is not None:
        support = counts.sum(axis=1)
    n = report.get("n") or int(np.sum(support))
    batch = report.get("batch_size") or n
    whole, rest = divmod(n, batch)
    def fits(number, values):
        value = float(str(number).rstrip("% ")) * (0.01 if "%" in str(number) else 1)
        digits = len(str(number).rstrip("% ").partition("e")[0].partition(".")[2])
        half = 0.5 * 10.0**-digits * float("1e" + (str(number).partition("e")[2] or "0"))
        half = half * (0.01 if "%" in str(number) else 1) + 5e-7
        return np.abs(np.asarray(values) - value) <= half
    hits = fits(report["accuracy"], np.arange(n + 1) / n)
    accuracy = hits.any()
    if counts is None and rest and whole:
        last, first = np.meshgrid(np.arange(rest + 1), np.arange(whole * batch + 1))
        accuracy |= fits(report["accuracy"], (first / batch + last / rest) / (whole + 1)).any()
        accuracy |= fits(report["accuracy"], np.arange(whole * batch + 1) / (whole * batch)).any()
    if counts is not None:
        accuracy = fits(report["accuracy"], [np.trace(counts) / n]).any()
    if support is None:
        support = np.full(report["classes"], n // report["classes"])
        if n % report["classes"]:
            return bool(accuracy)
    support = np.asarray(support)
    vectors = _right_vectors(support, set(np.flatnonzero(hits).tolist()) or None, None)
    if counts is not None:
        vectors = counts.diagonal()[None]
    if "recall" in report:
        vectors = vectors[fits(report["recall"], (vectors / np.maximum(support, 1)).mean(axis=1))]
        accuracy &= len(vectors) > 0
    if "macro_f1" in report and accuracy:
        f1 = report["macro_f1"]
        try:
            fraction = float(str(f1).rstrip("% ")) <= 1 or "%" in str(f1)
            wanted = [printed_range(f1)] if fraction else []
        except ExpressionError:
            wanted = []
        accuracy &= bool(_fitting_f1(support, vectors, wanted)) if wanted else False
    return bool(accuracy)


def _row8(draws, seed, judge):
    "Share of true reports that are called impossible."
    reports = [true_report(generator) for generator in draws_of("reports", draws, seed)]
    return {"true reports of all kinds": share_of([not judge(report) for report in reports])}


def before_row8(draws, seed):
    "As it was."
    return _row8(draws, seed, possible_before)


def after_row8(draws, seed):
    "As it is."
    return _row8(draws, seed, lambda report: consistent(**report).possible)


# ---- row 10: one temperature

def _temperatures(draws, seed, judge, sharpness=(1.0,), sizes=SIZES):
    "A figure of tables, over sizes, classes, and how much too sure the model is."
    found = {}
    for n in sizes:
        for classes, rare in CLASSES:
            for sharp in sharpness:
                values = []
                for generator in draws_of(f"temperature {n} {classes} {rare} {sharp}", draws, seed):
                    table = table_of(logits_of(n, classes, rare, generator), generator, sharp)
                    values.append(judge(table, sharp, generator, classes, rare))
                more = [] if sharp == 1 else [f"logits x {sharp}"]
                found[named(n, classes, rare, *more)] = share_of(values)
    return found


def _change(temperature, sharp, generator, classes, rare):
    "What a temperature changes in the expected loss on 2000 new images, nats."
    logits = logits_of(2000, classes, rare, generator)
    scaled = (logits, logits * sharp, logits * sharp / temperature)
    chances, given, warmer = map(softmax, scaled)
    return float((chances * (np.log(given + 1e-300) - np.log(warmer + 1e-300))).sum(axis=1).mean())


def before_row10(draws, seed):
    "Share of calibrated models that lose more than a nat by T, bounded only by e^10."
    def loses(table, sharp, *world):
        return _change(fit_temperature(table, math.inf), sharp, *world) > 1
    return _temperatures(draws, seed, loses)


def after_row10(draws, seed):
    "The same with the T that is printed."
    def loses(table, sharp, *world):
        return _change(fit_temperature(table), sharp, *world) > 1
    return _temperatures(draws, seed, loses)


def _folds_before(table):
    "Cross-fitted loss of the old temperature."
    order = keyed_order(table["sample_id"].tolist(), 0, "temperature")
    fold = np.empty(len(table), dtype=int)
    fold[order] = np.arange(len(table)) % 5
    each = np.array([fit_temperature(table[fold != held], math.inf) for held in range(5)])[fold]
    logits = table.filter(like="logit_").to_numpy(np.float64) / each[:, None]
    top = logits.max(axis=1)
    sums = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return (sums - logits[np.arange(len(table)), table["label"]]).mean()


def before_row10_lower(draws, seed):
    "How often the cross-fitted loss of a calibrated model was called lower."
    def said(table, *_):
        return _folds_before(table) < table_losses(table).mean()
    return _temperatures(draws, seed, said)


def after_row10_lower(draws, seed):
    "How often it is called lower now."
    return _temperatures(draws, seed, lambda table, *_: cross_temperature(table).change.high < 0)


def after_row10_temperature(draws, seed):
    "Coverage of the interval of T."
    def covers(table, sharp, *_):
        low, high, _ = cross_temperature(table).interval
        return low <= sharp <= high
    return _temperatures(draws, seed, covers, (0.5, 1.0, 3.0), (23, 45, 225))


def after_row10_change(draws, seed):
    "Coverage of the interval of what T changes, for the temperatures of the folds."
    def covers(table, sharp, *world):
        found, fold = cross_temperature(table), keyed_folds(table, 5, 0, "temperature")
        truth = 0.0
        for held in range(5):
            temperature = fit_temperature(table[fold != held])
            truth += (fold == held).mean() * _change(temperature, sharp, *world)
        return found.change.low <= truth <= found.change.high
    return _temperatures(draws, seed, covers, (0.5, 1.0, 3.0), (23, 45, 225))


# ---- row 13: sets, thresholds

def _row13(draws, seed, by_class):
    "Coverage of a class of 5 % at 90 %, over calibration sizes and classes."
    found = {}
    for n in SIZES:
        for classes in (2, 3, 7):
            shares = np.full(classes, 0.95 / (classes - 1))
            shares[-1] = 0.05
            hits = []
            for generator in draws_of(f"sets {n} {classes}", draws, seed):
                labels = generator.choice(classes, n + 400, p=shares)
                noise = 1.3 * generator.normal(size=(n + 400, classes))
                logits = noise + 1.69 * np.eye(classes)[labels] + np.log(shares)
                ids = [f"{row:05d}" for row in range(n + 400)]
                table = prediction_table(ids, labels, logits, "test")
                sets = conformal_sets(table.iloc[:n], table.iloc[n:], by_class=by_class)
                rare = sets.labels == classes - 1
                hits.append(sets.covered[rare].mean() if rare.any() else math.nan)
            found[named(n, classes, True)] = mean_of(hits)
    return found


def before_row13(draws, seed):
    "One threshold for all."
    return _row13(draws, seed, False)


def after_row13(draws, seed):
    "A threshold for each class."
    return _row13(draws, seed, True)


def _row13_persons(draws, seed, known):
    "Coverage at 90 % for images of new persons."
    found = {}
    for persons, each in ((9, 5), (12, 5), (45, 5), (12, 50)):
        people = np.repeat(np.arange(persons), each)
        covered = []
        for generator in draws_of(f"persons {persons} {each}", draws, seed):
            hard = np.append(generator.normal(size=persons)[people], generator.normal(size=500))
            scores = 1 / (1 + np.exp(-2 * hard - 0.5 * generator.normal(size=len(hard))))
            threshold = conformal_threshold(scores[:len(people)], 0.9, people if known else None)
            covered.append((scores[len(people):] <= threshold).mean())
        found[f"{persons} persons, {each} images each"] = mean_of(covered)
    return found


def before_row13_persons(draws, seed):
    "As if images were independent."
    return _row13_persons(draws, seed, False)


def after_row13_persons(draws, seed):
    "By person."
    return _row13_persons(draws, seed, True)


def _row13_threshold(draws, seed, judge, mean):
    "A figure of a threshold for 90 %, of a model that is right in two of three cases."
    generator = np.random.default_rng(keyed_seed(seed, "population"))
    labels = np.arange(20_000) % 3
    logits = 1.3 * generator.normal(size=(20_000, 3)) + 1.3 * np.eye(3)[labels]
    ids = [f"{row:05d}" for row in range(20_000)]
    population = prediction_table(ids, labels, logits / 1.3 * 1.3, "test")
    confidence = table_probabilities(population).max(axis=1)
    right, found = table_predictions(population) == labels, {}
    for n in SIZES:
        values = []
        for generator in draws_of(f"threshold {n}", draws, seed):
            rows = generator.choice(20_000, 2 * n, replace=False)
            judged = sure_answers(population.iloc[rows[:n]], population.iloc[rows[n:]])
            above = confidence >= judged.threshold
            chose = rows[:n][above[rows[:n]]]
            figure = math.nan
            if above.any():
                figure = judge(judged, right[above].mean(), int(right[chose].sum()), len(chose))
            values.append(figure)
        found[f"n={n}"] = mean(values)
    return found


def before_row13_threshold(draws, seed):
    "Points by which the accuracy on the choosing images is too good."
    def error(found, truth, correct, kept):
        return 100 * (correct / kept - truth)
    return _row13_threshold(draws, seed, error, mean_of)


def after_row13_threshold(draws, seed):
    "Points by which the accuracy on other images is too good."
    def error(found, truth, *_):
        return 100 * (found.correct / found.answered - truth) if found.answered else math.nan
    return _row13_threshold(draws, seed, error, mean_of)


def before_row13_interval(draws, seed):
    "Coverage of Wilson's interval of the accuracy on the choosing images."
    def covers(found, truth, correct, kept):
        low, high = wilson(correct, kept)
        return low <= truth <= high
    return _row13_threshold(draws, seed, covers, share_of)


def after_row13_interval(draws, seed):
    "Coverage of the interval that is printed, where one is."
    def covers(found, truth, *_):
        low, high, reason = found.interval
        return math.nan if reason else low <= truth <= high
    return _row13_threshold(draws, seed, covers, share_of)


# ---- row 14: the Brier score's parts of a perfect model

def _perfect(draws, seed, judge, mean, settings=None, sizes=SIZES):
    "A figure of calibrated models."
    found = {}
    for n in sizes:
        for classes, rare in settings or CLASSES:
            values = []
            for generator in draws_of(f"perfect {n} {classes} {rare}", draws, seed):
                logits = logits_of(n, classes, rare, generator, 1.7)
                values.append(judge(table_of(logits, generator)))
            found[named(n, classes, rare)] = mean(values)
    return found


def before_row14(draws, seed):
    "The miscalibration of a perfect model, with nothing beside it."
    return _perfect(draws, seed, lambda table: _brier_parts(table)["miscalibration"], mean_of)


def after_row14(draws, seed):
    "What is left of it after what is printed beside it."
    def left(table):
        null = brier_nulls(table, draws=60)["miscalibration"]
        return _brier_parts(table)["miscalibration"] - null.mean
    return _perfect(draws, seed, left, mean_of)


def rate_of_brier(draws, seed):
    "How often the miscalibration of a perfect model has p <= 0.05."
    def said(table):
        return brier_nulls(table, draws=99)["miscalibration"].p <= 0.05
    return _perfect(draws, seed, said, share_of, ((3, False), (3, True)), (23, 45, 225))


# ---- row 15: bins that miss; row 6 with calibration

def _misses(rows):
    "Whether a bin is off the diagonal."
    return bool(((rows["confidence"] < rows["low"]) | (rows["confidence"] > rows["high"])).any())


def _wilson_bins(table):
    "The old table of bins, with an interval of 95 % for each."
    rows = reliability_table(table)
    ends = [wilson(right, n) for right, n in zip(rows["correct"], rows["images"])]
    return rows.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


def before_row15(draws, seed):
    "Share of diagrams of perfect models in which a bin misses."
    return _perfect(draws, seed, lambda table: _misses(_wilson_bins(table)), share_of)


def after_row15(draws, seed):
    "The same with intervals that hold together."
    return _perfect(draws, seed, lambda table: _misses(reliability_table(table)), share_of)


def _by_person(draws, seed, judge):
    "A rate of calibrated models on images of persons who are alike."
    found = {}
    for persons, each in ((9, 5), (20, 5), (45, 5), (9, 25)):
        for likeness in (0.15, 0.5):
            hits = []
            for generator in draws_of(f"alike {persons} {each} {likeness}", draws, seed):
                logits = logits_of(persons * each, 3, False, generator, 1.7)
                hits.append(judge(table_of(logits, generator, 1.0, each, likeness)))
            found[f"{persons} persons, {each} images each, likeness {likeness}"] = share_of(hits)
    return found


def before_row6_ece(draws, seed):
    "How often the ECE of a calibrated model was called more than chance, whoever was shown."
    def said(table):
        return calibration_error(table.drop(columns="subject"), draws=200).p <= 0.05
    return _by_person(draws, seed, said)


def after_row6_ece(draws, seed):
    "The same with worlds in which persons are alike."
    return _by_person(draws, seed, lambda table: calibration_error(table, draws=200).p <= 0.05)


def before_row6_bins(draws, seed):
    "How often a bin missed, whoever was on the images."
    return _by_person(draws, seed, lambda table: _misses(_wilson_bins(table)))


def after_row6_bins(draws, seed):
    "The same with intervals that hold together and know persons."
    return _by_person(draws, seed, lambda table: _misses(reliability_table(table)))


def after_row6_lower(draws, seed):
    "How often a temperature is called better for a calibrated model, by person."
    return _by_person(draws, seed, lambda table: cross_temperature(table).change.high < 0)


# ---- sentences

def rate_of_ece(draws, seed):
    "How often the ECE of a calibrated model is called more than it may show."
    def said(table):
        return calibration_error(table, draws=200).p <= 0.05
    settings = ((2, False), (3, False), (3, True))
    alone = _perfect(draws, seed, said, share_of, settings, (23, 45, 225))
    return worst_rate(alone | after_row6_ece(draws, seed))


def rate_of_bins(draws, seed):
    "How often a bin of a calibrated model is said to miss the diagonal."
    return worst_rate(after_row15(draws, seed) | after_row6_bins(draws, seed))


def _blind(table, generator):
    "The table with labels that have nothing to do with it."
    return table.assign(label=generator.permutation(table["label"].to_numpy()))


def rate_of_area(draws, seed):
    "How often a confidence that knows nothing about the errors is said to know something."
    found = {}
    for n, each in ((23, 1), (45, 1), (225, 1), (45, 5), (225, 5)):
        hits = []
        for generator in draws_of(f"area {n} {each}", draws, seed):
            persons = np.arange(n) // each
            right = generator.random(persons.max() + 1)[persons] < 0.6
            right = np.where(generator.random(n) < 0.5, right, generator.random(n) < 0.6)
            sure = 1.0 + np.abs(generator.normal(size=persons.max() + 1))[persons]
            sure = sure + 0.3 * generator.random(n)
            logits = np.stack([sure, np.zeros(n), np.zeros(n)], axis=1)
            ids = [f"{row:05d}" for row in range(n)]
            table = prediction_table(ids, np.where(right, 0, 1), logits, "test")
            if each > 1:
                table = table.assign(subject=[f"person {who}" for who in persons])
            hits.append(risk_area(table, draws=200).p <= 0.05)
        found[f"n={n}, {each} images of a person"] = share_of(hits)
    return found


def rate_of_discrimination(draws, seed):
    "How often a model that knows nothing has a discrimination with p <= 0.05."
    found = {}
    for n in (23, 45, 225):
        hits = []
        for generator in draws_of(f"blind {n}", draws, seed):
            table = _blind(table_of(logits_of(n, 3, False, generator, 1.7), generator), generator)
            hits.append(brier_nulls(table, draws=99)["discrimination"].p <= 0.05)
        found[f"n={n}"] = share_of(hits)
    return found


ROWS = [
    dict(row=8, what="true reports that are called impossible", wanted="= 0",
         before=before_row8, after=after_row8, draws=10_000),
    dict(row=10, what="calibrated models that lose more than a nat by the temperature",
         wanted="<= .01", before=before_row10, after=after_row10, draws=200),
    dict(row=10, what="\"lower\", said of calibrated models", wanted="<= .06",
         before=before_row10_lower, after=after_row10_lower, draws=60),
    dict(row=10, what="coverage of the interval of T", wanted=">= .92",
         before=None, after=after_row10_temperature, draws=60),
    dict(row=10, what="coverage of the interval of what T changes", wanted=">= .92",
         before=None, after=after_row10_change, draws=60),
    dict(row=13, what="coverage of a class of 5 %, 90 % promised", wanted=">= .90",
         before=before_row13, after=after_row13, draws=200),
    dict(row=13, what="coverage for new persons, 90 % promised", wanted=">= .90",
         before=before_row13_persons, after=after_row13_persons, draws=2000),
    dict(row=13, what="points by which the accuracy above a threshold is too good", wanted="= 0",
         before=before_row13_threshold, after=after_row13_threshold, draws=300),
    dict(row=13, what="coverage of the interval of that accuracy", wanted=">= .92",
         before=before_row13_interval, after=after_row13_interval, draws=300),
    dict(row=14, what="miscalibration of a perfect model, less what is printed beside it",
         wanted="= 0", before=before_row14, after=after_row14, draws=100),
    dict(row=15, what="diagrams of perfect models with a bin that misses", wanted="<= .05",
         before=before_row15, after=after_row15, draws=300),
    dict(row=6, what="ECE called more than chance, persons alike", wanted="<= .06",
         before=before_row6_ece, after=after_row6_ece, draws=300),
    dict(row=6, what="diagrams with a bin that misses, persons alike", wanted="<= .06",
         before=before_row6_bins, after=after_row6_bins, draws=300),
    dict(row=6, what="\"lower\", said of calibrated models, persons alike", wanted="<= .06",
         before=None, after=after_row6_lower, draws=100),
]

SENTENCES = [
    dict(template="ECE ...: more than it may show (p ...)", said_by="calibration.Calibration.lines",
         rate=rate_of_ece,
         draws=1000),
    dict(template="k of B bins miss the diagonal", said_by="calibration.missing_bins",
         rate=rate_of_bins,
         draws=1000),
    dict(template="a calibrated one, a miscalibration of ... (p <= 0.05)",
         said_by="calibration.Calibration.lines",
         rate=lambda draws, seed: worst_rate(rate_of_brier(draws, seed)),
         draws=1000),
    dict(template="A model that knows nothing would show a discrimination of ... (p <= 0.05)",
         said_by="calibration.Calibration.lines",
         rate=lambda draws, seed: worst_rate(rate_of_discrimination(draws, seed)),
         draws=1000),
    dict(template="cross-fitted it changes the loss by ...: lower",
         said_by="calibration.Calibration.lines",
         rate=lambda draws, seed: worst_rate(after_row10_lower(draws, seed)),
         draws=60),
    dict(template="the confidence tells right from wrong answers, to a degree",
         said_by="doubt.RiskArea.line",
         rate=lambda draws, seed: worst_rate(rate_of_area(draws, seed)),
         draws=1000),
    dict(template="impossible: no rule that was tried explains every number",
         said_by="consistency.Consistency.line",
         rate=lambda draws, seed: worst_rate(after_row8(draws, seed)),
         draws=10000),
]
