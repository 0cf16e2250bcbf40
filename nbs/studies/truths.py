"""The simulations of `truths_*.py`, as jobs that any process can do.

    python nbs/studies/truths.py 8 0.2        # row 8 with a fifth of its draws, before and after
"""
import importlib
import inspect
import math
import sys
from collections.abc import Iterator

import numpy as np

FAMILIES = ("truths_i", "truths_c", "truths_k", "truths_f", "truths_r")


def share_of(hits):
    "A share and its standard error; NaN is left out."
    hits = np.asarray(hits, dtype=np.float64)
    hits = hits[~np.isnan(hits)]
    share = float(hits.mean())
    return share, math.sqrt(max(share * (1 - share), 1 / len(hits) ** 2) / len(hits))


def mean_of(values):
    "A mean and its standard error; NaN is left out."
    values = np.asarray(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def worst_rate(figures):
    "The largest rate among the settings."
    return max(figures.values(), key=lambda pair: pair[0])


def listed(
    kind: str,                     # `ROWS` or `SENTENCES`
) -> Iterator[tuple[str, int, dict]]:
    "Every entry of every family, with its place there."
    for family in FAMILIES:
        for place, entry in enumerate(getattr(importlib.import_module(family), kind)):
            yield family, place, entry


def draws_of(
    entry: dict,                   # a row
    share: float,                  # of what the row asks for, in (0, 1]
) -> int:
    "How many draws; 30 at least, and one where nothing is drawn."
    asked_for = entry.get("draws") or inspect.signature(entry["after"]).parameters["draws"].default
    return asked_for if asked_for == 1 else max(30, round(share * asked_for))


def asked(
    job: tuple[str, int, str, int],  # family, place, `before` or `after`, draws
) -> dict[str, tuple[float, float]]:  # setting -> figure, its Monte-Carlo standard error
    "The figures of one row; {} where there was nothing before."
    family, place, side, draws = job
    entry = importlib.import_module(family).ROWS[place]
    if not entry[side]:
        return {}
    figures = entry[side](draws, 16)
    return figures if isinstance(figures, dict) else {"the worst of all": figures}


def rate_of(
    job: tuple[str, int, int],     # family, place, draws
) -> tuple[float, float]:          # in [0, 1], and its Monte-Carlo standard error
    "How often one sentence is said of what is not so."
    family, place, draws = job
    rate = importlib.import_module(family).SENTENCES[place]["rate"](draws, 16)
    if isinstance(rate, dict):
        rate = max(rate.values(), key=lambda figure: figure[0])
    return rate


def main(
    row: str,                      # such as `8`; "" for all
    share: float,                  # of the draws, in (0, 1]
) -> None:
    "Print a row's figures in every setting."
    for family, place, entry in listed("ROWS"):
        if row not in ("", str(entry["row"])):
            continue
        draws = draws_of(entry, share)
        before, after = (asked((family, place, side, draws)) for side in ("before", "after"))
        print(f"row {entry['row']}: {entry['what']}; wanted {entry['wanted']}; {draws} draws")
        for setting, (value, error) in after.items():
            old = f"{before[setting][0]:.3f}" if setting in before else "-"
            print(f"  {setting:50s} before {old:>6s}  after {value:.3f} +- {error:.3f}", flush=True)


if __name__ == "__main__":
    words = [*sys.argv[1:], "", ""]
    main(words[0], float(words[1] or 1))
