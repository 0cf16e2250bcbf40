"""Scores, losses and what is said of them, against a known truth.

Rows 6, 7, 11 and 15 of the audit, and the words of row 9. `ROWS` has, for each row, the figure
before and after; `SENTENCES` how often a sentence is said of models that know nothing or are
equally good. A figure comes with its Monte-Carlo standard error; for "lowest coverage" it is that
of the setting with the lowest one. Every draw is keyed: equal arguments give equal figures.
"""
import math

import numpy as np
from scipy.stats import t as student_t

from expression_research.chance import accuracy_sentences
from expression_research.core import keyed_seed
from expression_research.diagnostics import (
    class_report,
    macro_f1,
    prediction_table,
    table_log_probabilities,
    table_losses,
)
from expression_research.evaluation import evaluate_table, weakest_class
from expression_research.intervals import (
    accuracy_interval,
    class_mean_interval,
    loss_interval,
    macro_interval,
    mean_interval,
    paired_interval,
    sign_flip,
    wilson,
)

from truths import share_and_error

SIZES = (23, 45, 90, 225, 1000)


def _generator(seed, *key):
    return np.random.default_rng(keyed_seed(seed, "truths i", *map(str, key)))


def _lowest(shares):
    "The setting with the lowest coverage."
    return min(shares, key=lambda pair: pair[0])


def _table(labels, logits, split="test"):
    return prediction_table([f"x{row:05d}" for row in range(len(labels))], labels, logits, split)


# ---- row 6: several images of a person -----------------------------------------------------------

PEOPLE = (                          # persons, images of each, intraclass correlation
    (9, 5, 0.3), (9, 5, 0.5), (20, 5, 0.3), (45, 5, 0.5),
    (10, 50, 0.3), (20, 50, 0.1), (20, 50, 0.5),
)


def people_right(people, each, likeness, accuracy, generator):
    "Right or wrong (people * each,), with an intraclass correlation of `likeness`; and who is who."
    worth = (1 - likeness) / likeness
    own = generator.beta(accuracy * worth, (1 - accuracy) * worth, size=people)
    persons = np.repeat(np.arange(people), each)
    return generator.random(len(persons)) < own[persons], persons


def _wilson_before(right, n, z=1.959963984540054):
    "Wilson's interval in closed form, as it was printed whoever was on the images."
    middle = (right + z * z / 2) / (n + z * z)
    half = z * math.sqrt(right * (n - right) / n + z * z / 4) / (n + z * z)
    return middle - half, middle + half


def _person_coverage(draws, seed, by_person):
    shares = []
    for people, each, likeness in PEOPLE:
        for accuracy in (0.6, 0.8, 0.9):
            generator, held = _generator(seed, "people", people, each, likeness, accuracy), 0
            for _ in range(draws):
                right, persons = people_right(people, each, likeness, accuracy, generator)
                low, high = _wilson_before(int(right.sum()), len(right))
                if by_person:
                    low, high, _ = accuracy_interval(right, persons)
                held += low <= accuracy <= high
            shares.append(share_and_error(held, draws))
    return _lowest(shares)


def before_row6(draws=500, seed=0):
    "Wilson on images: the lowest coverage over 21 settings of persons."
    return _person_coverage(draws, seed, False)


def after_row6(draws=500, seed=0):
    "The accuracy's interval by person."
    return _person_coverage(draws, seed, True)


def _two_models(people, each, likeness, generator):
    "Two equally good models whose answers differ from person to person."
    a, persons = people_right(people, each, likeness, 0.7, generator)
    b, _ = people_right(people, each, likeness, 0.7, generator)
    return a.astype(float), b.astype(float), persons


def _type_1(draws, seed, by_person):
    shares = []
    for people, each, likeness in PEOPLE:
        generator, found = _generator(seed, "equal", people, each, likeness), 0
        for _ in range(draws):
            a, b, persons = _two_models(people, each, likeness, generator)
            found += sign_flip(a - b, persons if by_person else None) <= 0.05
        shares.append(share_and_error(found, draws))
    return max(shares, key=lambda pair: pair[0])


def before_row6_test(draws=300, seed=0):
    "McNemar's exact test on images: the highest type I error over seven settings of persons."
    return _type_1(draws, seed, False)


def after_row6_test(draws=300, seed=0):
    "Sign flips by person."
    return _type_1(draws, seed, True)


def after_row6_difference(draws=300, seed=0):
    "The interval of a difference by person: the lowest coverage of 0."
    shares = []
    for people, each, likeness in PEOPLE:
        generator, held = _generator(seed, "equal", people, each, likeness), 0
        for _ in range(draws):
            low, high, _ = paired_interval(*_two_models(people, each, likeness, generator))
            held += low <= 0 <= high
        shares.append(share_and_error(held, draws))
    return _lowest(shares)


def before_row6_difference(draws=300, seed=0):
    "Bonett and Price's interval on images."
    shares = []
    for people, each, likeness in PEOPLE:
        generator, held = _generator(seed, "equal", people, each, likeness), 0
        for _ in range(draws):
            low, high, _ = paired_interval(*_two_models(people, each, likeness, generator)[:2])
            held += low <= 0 <= high
        shares.append(share_and_error(held, draws))
    return _lowest(shares)


# ---- row 7: means over classes -------------------------------------------------------------------

def class_truths():
    "(n, true probabilities (C, C) of label and answer) of each setting."
    for classes in (2, 3, 7):
        for n in SIZES:
            for rarest in (1 / classes, 0.05):
                prior = np.r_[rarest, np.full(classes - 1, (1 - rarest) / (classes - 1))]
                for accuracy in (0.05, 0.34, 0.6, 0.75, 0.97):
                    apart = (1 - np.eye(classes)) / (classes - 1)
                    answer = accuracy * np.eye(classes) + (1 - accuracy) * apart
                    yield n, prior[:, None] * answer


def _class_means(counts):
    support = counts.sum(axis=1)
    return {"macro_f1": macro_f1(counts), "balanced_accuracy": (counts.diagonal() / support).mean()}


def _before_ends(counts, metric):
    "What was printed: the delta method on the logit, withheld by errors and images."
    n, classes, support = counts.sum(), len(counts), counts.sum(axis=1)
    if n - counts.trace() < 5 or support.min() < 5 or n < 7 * classes:
        return None
    value, counts = _class_means(counts)[metric], counts + 1 / classes
    occurrences = counts.sum(axis=1) + counts.sum(axis=0)
    f1, recall = 2 * counts.diagonal() / occurrences, counts.diagonal() / counts.sum(axis=1)
    half = f1 / occurrences
    effect = 2 * np.eye(classes) / occurrences[:, None] - half[:, None] - half[None, :]
    variance = (counts * effect**2).sum()
    if metric == "balanced_accuracy":
        variance = (recall * (1 - recall) / counts.sum(axis=1)).sum()
    inside = np.clip(value, 1e-3, 1 - 1e-3)
    middle = np.log(inside / (1 - inside))
    width = student_t.ppf(0.975, n - 1) * math.sqrt(variance) / classes / (inside * (1 - inside))
    return 1 / (1 + np.exp(min(width - middle, 700))), 1 / (1 + np.exp(-middle - width))


def _now_ends(counts, metric):
    low, high, reason = class_mean_interval(counts, metric)
    return None if reason else (low, high)


def _class_coverage(draws, seed, metric, ends):
    "The lowest coverage of printed intervals, over settings that print in a tenth of the draws."
    shares = []
    for n, truth in class_truths():
        generator = _generator(seed, "classes", n, len(truth), round(1e6 * truth[0, 0]))
        exact, printed, held = _class_means(truth)[metric], 0, 0
        for counts in generator.multinomial(n, truth.ravel(), size=draws):
            pair = ends(counts.reshape(truth.shape), metric)
            printed += pair is not None
            held += pair is not None and pair[0] - 1e-9 <= exact <= pair[1] + 1e-9
        if printed >= max(draws / 10, 20):
            shares.append(share_and_error(held, printed))
    return _lowest(shares)


def before_row7(draws=200, seed=0):
    "Macro F1: the lowest coverage, conditional on being printed, over 150 settings."
    return _class_coverage(draws, seed, "macro_f1", _before_ends)


def after_row7(draws=200, seed=0):
    "Macro F1 as it is printed now."
    return _class_coverage(draws, seed, "macro_f1", _now_ends)


def before_row7_balanced(draws=200, seed=0):
    "Balanced accuracy: the lowest coverage, conditional on being printed, over 150 settings."
    return _class_coverage(draws, seed, "balanced_accuracy", _before_ends)


def after_row7_balanced(draws=200, seed=0):
    "Balanced accuracy as it is printed now."
    return _class_coverage(draws, seed, "balanced_accuracy", _now_ends)


def after_row7_persons(draws=200, seed=0):
    "Balanced accuracy and macro F1 where 5 or 20 images are of one person: the lowest coverage."
    shares = []
    for people, each in ((18, 5), (45, 5), (20, 20)):
        held = {"macro_f1": 0, "balanced_accuracy": 0}
        generator = _generator(seed, "macro", people, each)
        for _ in range(draws):
            right, persons = people_right(people, each, 0.3, 0.7, generator)
            labels = np.arange(len(right)) % 3
            wrong = (labels + generator.integers(1, 3, len(right))) % 3
            table = _table(labels, np.eye(3)[np.where(right, labels, wrong)])
            table = table.assign(subject=[f"p{person}" for person in persons])
            for metric in held:
                low, high, _ = macro_interval(table, metric)
                held[metric] += low <= 0.7 <= high
        shares += [share_and_error(number, draws) for number in held.values()]
    return _lowest(shares)


# ---- row 11: losses ------------------------------------------------------------------------------

MODELS = (                          # classes, skill, sharpness
    (2, 0, 0.5), (3, 0, 1), (3, 1.5, 1), (7, 1.5, 1), (3, 1.5, 3), (2, 3, 3), (3, 4, 3), (7, 4, 1),
)


def drawn_predictions(n, classes, skill, sharpness, generator, split="test"):
    "A prediction table of a model with so much skill, which is so sure."
    labels = generator.integers(0, classes, size=n)
    logits = sharpness * (generator.normal(size=(n, classes)) + skill * np.eye(classes)[labels])
    return _table(labels, logits, split)


def _loss_coverage(draws, seed, rule):
    shares = []
    for classes, skill, sharpness in MODELS:
        generator = _generator(seed, "loss", classes, skill, sharpness)
        true = drawn_predictions(200_000, classes, skill, sharpness, generator)
        true = float(table_losses(true).mean())
        for n in (23, 45, 225):
            held = 0
            for _ in range(draws):
                low, high, _ = rule(drawn_predictions(n, classes, skill, sharpness, generator))
                held += low <= true <= high
            shares.append(share_and_error(held, draws))
    return _lowest(shares)


def before_row11(draws=100, seed=0):
    "No interval was printed; Student's t would have covered so much at the worst of 24 settings."
    return _loss_coverage(draws, seed, lambda table: mean_interval(table_losses(table)))


def after_row11(draws=100, seed=0):
    "The loss's interval."
    return _loss_coverage(draws, seed, loss_interval)


def _before_verdict(table):
    "What evaluate said of a loss."
    counts = np.bincount(table["label"], minlength=table_log_probabilities(table).shape[1])
    shares = counts[counts > 0] / counts.sum()
    below = table_losses(table).mean() < -(shares * np.log(shares)).sum()
    return "below both" if below else "worse than not looking"


def before_row11_verdict(draws=1000, seed=0):
    "A run's page: 'the probabilities carry information' of a loss 2 % below ln C, at the worst n."
    shares = []
    for n in (23, 45, 90, 225):
        generator, said = _generator(seed, "page", n), 0
        for _ in range(draws):
            loss = table_losses(drawn_predictions(n, 3, 0, 0.2, generator)).mean()
            said += loss < math.log(3) - 0.02 * math.log(3)
        shares.append(share_and_error(said, draws))
    return max(shares, key=lambda pair: pair[0])


def _know_nothing(draws, seed, words, split, chosen_among=1):
    "How often an evaluation says these words of models that know nothing, at the worst setting."
    shares = []
    for classes, n in ((2, 23), (3, 23), (3, 45), (7, 90)):
        generator, said = _generator(seed, "nothing", classes, n, chosen_among), 0
        for _ in range(draws):
            labels = generator.integers(0, classes, size=n)
            tables = [
                _table(labels, 0.3 * generator.normal(size=(n, classes)), split)
                for _ in range(chosen_among)
            ]
            table = min(tables, key=lambda table: table_losses(table).mean())
            said += words in evaluate_table(table).summary.loc["loss (nats)", "remark"]
        shares.append(share_and_error(said, draws))
    return max(shares, key=lambda pair: pair[0])


def after_row11_verdict(draws=200, seed=0):
    "'below both', of know-nothing models on images that took no part."
    return _know_nothing(draws, seed, "below both", "test")


def before_row11_chosen(draws=1000, seed=0):
    "'below both', of the best of four know-nothing models on the images that chose it, n = 23."
    generator, said = _generator(seed, "chosen"), 0
    for _ in range(draws):
        labels = generator.integers(0, 3, size=23)
        tables = [_table(labels, 0.3 * generator.normal(size=(23, 3))) for _ in range(4)]
        table = min(tables, key=lambda table: table_losses(table).mean())
        said += _before_verdict(table) == "below both"
    return share_and_error(said, draws)


def after_row11_chosen(draws=100, seed=0):
    "The same now: nothing is concluded from images that chose the model."
    return _know_nothing(draws, seed, "below both", "validation", chosen_among=4)


def _good_of_seven(draws, seed, verdict):
    "How often a useful model of seven classes is called worse than not looking."
    generator, said = _generator(seed, "seven"), 0
    for _ in range(draws):
        said += verdict(drawn_predictions(23, 7, 0.6, 0.6, generator))
    return share_and_error(said, draws)


def before_row11_seven(draws=1000, seed=0):
    "'worse than not looking', of a 7-class model with a loss of 1.80 (ln 7 = 1.95), n = 23."
    return _good_of_seven(draws, seed, lambda table: _before_verdict(table) != "below both")


def after_row11_seven(draws=200, seed=0):
    "'above both', of the same."
    def verdict(table):
        return "above both" in evaluate_table(table).summary.loc["loss (nats)", "remark"]
    return _good_of_seven(draws, seed, verdict)


# ---- row 15 and the sentences --------------------------------------------------------------------

def equal_classes(draws, seed, said):
    "How often one of equally hard classes is called the weakest; the worst of five settings."
    shares = []
    settings = (2, 12, 0.6), (3, 8, 0.6), (3, 15, 0.9), (3, 75, 0.6), (7, 13, 0.5)
    for classes, each, accuracy in settings:
        generator, named = _generator(seed, "weakest", classes, each, accuracy), 0
        labels = np.repeat(np.arange(classes), each)
        for _ in range(draws):
            right = generator.random(len(labels)) < accuracy
            wrong = (labels + generator.integers(1, classes, len(labels))) % classes
            named += said(_table(labels, np.eye(classes)[np.where(right, labels, wrong)]))
        shares.append(share_and_error(named, draws))
    return max(shares, key=lambda pair: pair[0])


def before_row15(draws=300, seed=0):
    "'the weakest class is X', of equally hard classes: always."
    return equal_classes(draws, seed, lambda table: class_report(table)["f1"].nunique() > 0)


def after_row15(draws=300, seed=0):
    "'is recognised less often than each other class', of the same."
    return equal_classes(draws, seed, lambda table: "less often" in weakest_class(table))


def _guessers(draws, seed, words, split="test", epochs=1):
    "How often `accuracy_sentences` says these words of know-nothing models; the worst setting."
    shares = []
    settings = (2, 23, "random"), (3, 45, "random"), (7, 23, "random"), (3, 90, "class")
    for classes, n, answer in settings:
        generator, said = _generator(seed, "guess", classes, n, answer, epochs), 0
        names = [f"class {label}" for label in range(classes)]
        train = dict.fromkeys(names, 10) | {names[0]: 12}
        for _ in range(draws):
            labels = generator.integers(0, classes, n)
            tried = generator.integers(0, classes, (epochs, n))
            if answer == "class":
                tried = np.zeros((epochs, n), dtype=int)
            answers = max(tried, key=lambda some: (some == labels).sum())
            counts = dict(zip(names, np.bincount(labels, minlength=classes).tolist()))
            table = _table(labels, np.eye(classes)[answers], split)
            right = int((answers == labels).sum())
            sentence = accuracy_sentences(right, split, {"train": train, split: counts}, table)[1]
            said += words in sentence
        shares.append(share_and_error(said, draws))
    return max(shares, key=lambda pair: pair[0])


def before_better(draws=1000, seed=0, epochs=30):
    "'better than guessing' by Wilson's lower end, of the best of 30 know-nothing epochs, n = 45."
    generator, said = _generator(seed, "epochs", epochs), 0
    for _ in range(draws):
        labels = generator.integers(0, 3, 45)
        right = (generator.integers(0, 3, (epochs, 45)) == labels).sum(axis=1).max()
        said += wilson(int(right), 45)[0] > max(1 / 3, (labels == 0).mean())
    return share_and_error(said, draws)


def after_better(draws=100, seed=0):
    "The same now, on the validation images."
    return _guessers(draws, seed, "is better than guessing", "validation", epochs=30)


ROWS = [
    dict(
        row=6,
        what="lowest coverage of an accuracy, 21 settings of persons",
        wanted=">= .92",
        before=before_row6,
        after=after_row6,
    ),
    dict(
        row=6,
        what="highest type I error of the paired test, 7 settings of persons",
        wanted="<= .05",
        before=before_row6_test,
        after=after_row6_test,
    ),
    dict(
        row=6,
        what="lowest coverage of a difference, 7 settings of persons",
        wanted=">= .92",
        before=before_row6_difference,
        after=after_row6_difference,
    ),
    dict(
        row=7,
        what="lowest coverage of macro F1, conditional on being printed, 150 settings",
        wanted=">= .92",
        before=before_row7,
        after=after_row7,
    ),
    dict(
        row=7,
        what="lowest coverage of balanced accuracy, conditional on being printed, 150 settings",
        wanted=">= .92",
        before=before_row7_balanced,
        after=after_row7_balanced,
    ),
    dict(
        row=7,
        what="lowest coverage of means over classes by person",
        wanted=">= .92",
        before=None,
        after=after_row7_persons,
    ),
    dict(
        row=11,
        what="lowest coverage of the loss, 24 settings (before: Student's t, not printed)",
        wanted=">= .92",
        before=before_row11,
        after=after_row11,
    ),
    dict(
        row=11,
        what="'carries information', of know-nothing models",
        wanted="<= .06",
        before=before_row11_verdict,
        after=after_row11_verdict,
    ),
    dict(
        row=11,
        what="'below both', of the best of four know-nothing models, where it was chosen",
        wanted="<= .06",
        before=before_row11_chosen,
        after=after_row11_chosen,
    ),
    dict(
        row=11,
        what="'worse than not looking', of a useful 7-class model, n = 23",
        wanted="<= .06",
        before=before_row11_seven,
        after=after_row11_seven,
    ),
    dict(
        row=15,
        what="a class is called the weakest where all are equally hard",
        wanted="<= .06",
        before=before_row15,
        after=after_row15,
    ),
    dict(
        row=9,
        what="'better than guessing', of the best of 30 know-nothing epochs on validation",
        wanted="<= .06",
        before=before_better,
        after=after_better,
    ),
]

SENTENCES = [
    dict(template="{k} of {n} test images ... That is better than guessing: {how}.",
         said_by="chance.accuracy_sentences",
         rate=lambda draws=1000, seed=0: _guessers(draws, seed, "is better than guessing")),
    dict(template="{k} of {n} test images ... That is worse than guessing: {how}.",
         said_by="chance.accuracy_sentences",
         rate=lambda draws=1000, seed=0: _guessers(draws, seed, "is worse than guessing")),
    dict(template="{k} of {n} validation images ... That is better than guessing (30 epochs)",
         said_by="chance.accuracy_sentences", rate=after_better,
         draws=1000),
    dict(template="“{class}” is recognised less often than each other class",
         said_by="evaluation.weakest_class", rate=after_row15, draws=1000),
    dict(template="below both, with its whole interval: the probabilities carry information",
         said_by="evaluation.evaluate_table", rate=after_row11_verdict, draws=400),
    dict(template="above both, with its whole interval: it is too sure where it is wrong",
         said_by="evaluation.evaluate_table",
         rate=lambda draws=400, seed=0: _know_nothing_uniform(draws, seed)),
]


def _know_nothing_uniform(draws=200, seed=0):
    "'above both', of models that know nothing and say nearly so (logits of spread 0.05)."
    shares = []
    for classes, n in ((2, 23), (3, 45), (7, 90)):
        generator, said = _generator(seed, "uniform", classes, n), 0
        for _ in range(draws):
            labels = generator.integers(0, classes, size=n)
            table = _table(labels, 0.05 * generator.normal(size=(n, classes)))
            said += "above both" in evaluate_table(table).summary.loc["loss (nats)", "remark"]
        shares.append(share_and_error(said, draws))
    return max(shares, key=lambda pair: pair[0])
