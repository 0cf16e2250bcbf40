"""Groups with known truth: how often a gap is found where there is none, and where there is one."""
import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import fisher_exact

from expression_research.core import keyed_seed
from expression_research.groups import all_gaps, compare_groups
from expression_research.diagnostics import prediction_table

from truths import share_and_error

# images of each group; images of each person (1: independent images)
SETTINGS = (
    ((12, 11), 1),
    ((15, 15, 15), 1),
    ((18,) * 5, 1),
    ((45,) * 5, 1),
    ((143,) * 7, 1),
    ((40, 40, 10), 5),
    ((75,) * 3, 5),
)
LIKENESS = 0.3                     # intraclass correlation of the images of a person


def _equal_groups(
    sizes:Sequence[int],           # images of each group
    each:int,                      # images of a person, who lies in one group
    generator:np.random.Generator, # of the draw
)->tuple[np.ndarray, np.ndarray, np.ndarray]:  # (N,) right, groups, persons
    "Answers of a model that treats all groups alike; a person's images resemble each other."
    groups = np.repeat(np.arange(len(sizes)), sizes)
    persons = np.arange(len(groups)) // each
    worth = (1 - LIKENESS) / LIKENESS
    level = np.full(persons.max() + 1, 0.6)
    if each > 1:
        level = generator.beta(0.6 * worth, 0.4 * worth, persons.max() + 1)
    return (generator.random(len(groups)) < level[persons]).astype(float), groups, persons


def _worst(
    rates:Sequence[float],         # of each setting
    draws:int,                     # of each
)->tuple[float, float]:            # the largest, and its Monte-Carlo standard error
    "The worst of several settings."
    return share_and_error(max(rates) * draws, draws)


def before_groups(
    draws:int=400,                 # data sets of each setting
    seed:int=0,                    # of the draws
)->tuple[float, float]:            # worst rate, and its Monte-Carlo standard error
    "What a table by groups invites to: Fisher's test of its largest gap, as if it were alone."
    generator, rates = np.random.default_rng(keyed_seed(seed, "before groups")), []
    for sizes, each in SETTINGS:
        hits, counts = 0, np.array(sizes)
        for _ in range(draws):
            right, groups, _ = _equal_groups(sizes, each, generator)
            correct = np.bincount(groups, weights=right).astype(int)
            shares = correct / counts
            pair = [shares.argmax(), shares.argmin()]
            table = np.array([correct[pair], counts[pair] - correct[pair]])
            hits += fisher_exact(table).pvalue <= 0.05
        rates.append(hits / draws)
    return _worst(rates, draws)


def after_groups(
    draws:int=400,                 # data sets of each setting
    seed:int=0,                    # of the draws
)->tuple[float, float]:            # worst rate, and its Monte-Carlo standard error
    "How often `compare_groups` says that there is a gap, of groups that are alike."
    generator, rates = np.random.default_rng(keyed_seed(seed, "after groups")), []
    for sizes, each in SETTINGS:
        hits = 0
        for draw in range(draws):
            right, groups, persons = _equal_groups(sizes, each, generator)
            found = all_gaps(right, groups, persons if each > 1 else None, 399, draw)
            hits += found.p.min() <= 0.05
        rates.append(hits / draws)
    return _worst(rates, draws)


def after_power(
    draws:int=400,                 # data sets with a gap of the printed size
    seed:int=0,                    # of the draws
)->tuple[float, float]:            # rate, and its Monte-Carlo standard error
    "How often the gap that 80 of 100 samples are said to show is found; 45 and 45 images."
    generator = np.random.default_rng(keyed_seed(seed, "power of groups"))
    groups = np.repeat([0, 1], 45)
    right = np.tile([1, 1, 1, 0, 0], 18)
    names, logits = [f"image {row}" for row in range(90)], np.tile([9.0, 0.0], (90, 1))
    table = prediction_table(names, 1 - right, logits, "test")
    gap = compare_groups(table, groups.tolist(), "side").pairs["seen"][0] / 100
    accuracy, hits = np.array([0.6 + gap / 2, 0.6 - gap / 2]), 0
    for draw in range(draws):
        right = (generator.random(90) < accuracy[groups]).astype(float)
        hits += all_gaps(right, groups, None, 399, draw).p[0] <= 0.05
    return hits / draws, math.sqrt(0.16 / draws)


ROWS = [
    {
        "row": "groups",
        "what": "a gap is found between groups that are alike (worst of seven settings)",
        "wanted": "<= .05",
        "before": before_groups,
        "after": after_groups,
    },
    {
        "row": "groups",
        "what": "a gap of the size that can be seen is found",
        "wanted": ">= .80",
        "before": None,
        "after": after_power,
    },
]

SENTENCES = [
    {
        "template": "COLUMN: a gap of N points between A and B (p ...)",
        "said_by": "groups.GroupReport.line",
        "rate": after_groups,
        "draws": 2000,
    },
]
