"""The simulations of `truths_*.py`, as jobs that any process can do."""
import importlib
import inspect
from collections.abc import Iterator

FAMILIES = ("truths_i", "truths_c", "truths_k", "truths_f", "truths_r")


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
