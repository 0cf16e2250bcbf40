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


def share_and_error(
    hits: float,                   # draws in which it happened
    draws: int,                    # in all
) -> tuple[float, float]:          # share, and its Monte-Carlo standard error, which is never 0
    "How often something happened, with the error as if one more draw had gone half each way."
    smooth = (hits + 0.5) / (draws + 1)
    return hits / draws, math.sqrt(smooth * (1 - smooth) / draws)


def share_of(
    happened,                      # (draws,) bool, or 0 and 1; NaN is left out
) -> tuple[float, float]:          # (nan, nan) without draws
    "The same of the draws themselves."
    happened = np.asarray(happened, dtype=np.float64)
    happened = happened[~np.isnan(happened)]
    if not len(happened):
        return math.nan, math.nan
    return share_and_error(float(happened.sum()), len(happened))


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
    entry: dict,                   # a row or a sentence; perhaps with `draws`
    share: float = 1.0,            # of what the entry asks for, in (0, 1]
) -> int:
    "How many draws; 30 at least, and one where nothing is drawn."
    function = entry["rate"] if "rate" in entry else entry["after"]
    asked_for = entry.get("draws") or inspect.signature(function).parameters["draws"].default
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
    return worst_rate(rate) if isinstance(rate, dict) else rate


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
