"""Recipes that were tried: candidates, data sets and the cross-validation that judges them.

    python nbs/studies/recipe_trials.py FOLDER            # what the study shows; resumable
    python nbs/studies/recipe_trials.py FOLDER NAME ...   # these candidates on every set

Every candidate is cross-validated, five folds by person, on the same divisions of every set. The
choice sees the sets of `SEARCHED` only; those of `JUDGED` take no part in it. Photographs and
weights for them are where `EXPRESSION_DATA` and `EXPRESSION_WEIGHTS` say.
"""
import contextlib
import io
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
from datasets import DatasetDict

from expression_research.baselines import hog_baseline
from expression_research.config import RunConfig, config_from_dict
from expression_research.crossval import crossval_experiment
from expression_research.data import ExpressionData, load_expressions
from expression_research.diagnostics import scores
from expression_research.engine import predictions
from expression_research.experiments import load_trained, machine_for, run_experiment
from expression_research.faces import generate_faces
from expression_research.folds import CrossValidation
from expression_research.loaders import evaluation_loader
from expression_research.mainjob import main_configs
from expression_research.probe import baseline_fold
from expression_research.samples import with_sample_ids

DEFAULT = {"train": 300, "validation": 90, "test": 90}
HALF = {"train": 150, "validation": 45, "test": 45}
SEARCHED = {                       # name -> difficulty, images of each split, seed of the faces
    "easy": (0.2, DEFAULT, 11),
    "default": (0.5, DEFAULT, 11),
    "hard": (0.8, DEFAULT, 11),
    "few": (0.5, HALF, 12),
}
JUDGED = {
    "easy, others": (0.2, DEFAULT, 21),
    "default, others": (0.5, DEFAULT, 21),
    "hard, others": (0.8, DEFAULT, 21),
    "few, others": (0.5, HALF, 22),
}


def faces_of(
    name: str,                     # in `SEARCHED` or `JUDGED`
) -> ExpressionData:               # train, validation, test
    "A data set of the study."
    difficulty, counts, seed = (SEARCHED | JUDGED)[name]
    return load_expressions(generate_faces(counts, side=128, difficulty=difficulty, seed=seed))


def base(
    model: str,                    # tinyvgg or resnet18
    **fields,                      # of `RunConfig`
) -> RunConfig:
    "What the candidates of a model have in common."
    side = 32 if model == "tinyvgg" else 64
    given = {"model": model, "side": side, "weights": "none", "plan": "all", "epochs": 40}
    return RunConfig(**(given | {"schedule": "constant", "guards": "off", "threads": 1} | fields))


NO_CHANGE = dict(flip=0.5, rotate=0, shift=0, scale=0, brightness=0, contrast=0)
TWICE = dict(rotate=10, shift=0.04, scale=0.1, brightness=0.2, contrast=0.2)
CANDIDATES = {
    "tinyvgg before: lr 3e-3 along a cosine, changed at 32 px": base(
        "tinyvgg", lr=3e-3, schedule="cosine", supersample=1
    ),
    "tinyvgg: lr 1e-3": base("tinyvgg"),
    "tinyvgg: lr 1e-3, changed at 32 px": base("tinyvgg", supersample=1),
    "tinyvgg: lr 1e-3, flips only": base("tinyvgg", **NO_CHANGE),
    "tinyvgg: lr 1e-3, twice the augmentation": base("tinyvgg", **TWICE),
    "tinyvgg: lr 1e-3 along a cosine": base("tinyvgg", schedule="cosine"),
    "tinyvgg: lr 1e-3, weight decay 0.01": base("tinyvgg", weight_decay=0.01),
    "tinyvgg: lr 1e-3, batches of 32": base("tinyvgg", batch_size=32),
    "tinyvgg: lr 1e-3, 80 epochs": base("tinyvgg", epochs=80),
    "tinyvgg: lr 1e-3, 80 epochs, average of 3": base("tinyvgg", epochs=80, average=3),
    "tinyvgg: lr 1e-3, 80 epochs, average of 3, twice the augmentation": base(
        "tinyvgg", epochs=80, average=3, **TWICE
    ),
    "HOG": base("hog", side=64),
    "resnet18 before: 8 epochs along a cosine, changed at 64 px": base(
        "resnet18", epochs=8, schedule="cosine", supersample=1
    ),
    "resnet18: 16 epochs along a cosine": base("resnet18", epochs=16, schedule="cosine"),
    "resnet18: 24 epochs along a cosine": base("resnet18", epochs=24, schedule="cosine"),
}

# what `expression run` does
CHOSEN = "tinyvgg: lr 1e-3, 80 epochs, average of 3, twice the augmentation"

STILL = dict(rotate=0, shift=0, scale=0, brightness=0, contrast=0)
LP_FT = dict(head="probe", plan="layer4:10")
TINY = dict(model="tinyvgg", weights="auto", side=32, plan="all:80", average=3, **TWICE)
# what a network gets that the probe has: all rows to learn from, and two looks at each picture
ALIKE = dict(inner=0, mirror=True)
# name -> fields of `RunConfig` on photographs, options of `crossval_experiment`
METHODS = {                        # what a practitioner would compare
    "HOG + logistic regression": (dict(model="hog", weights="auto", side=64), {}),
    "linear probe": (dict(model="probe"), {}),
    "TinyVGG": (TINY, dict(mirror=True)),
    "LP-FT": (dict(**LP_FT, average=10), ALIKE),
    "LP-FT, ensemble of 3": (dict(**LP_FT, average=10), ALIKE | dict(ensemble=3)),
}
VARIANTS = {                       # an inner fifth chooses the epoch
    "head: flips only": (dict(plan="head:20", **STILL), {}),
    "head: 4 views": (dict(plan="head:20", views=4), {}),
    "head: new in every epoch": (dict(plan="head:20", views=0), {}),
    "LP-FT: 4 views": (dict(**LP_FT, views=4), {}),
    "LP-FT: new in every epoch": (dict(**LP_FT, views=0), {}),
}
# what was tried of LP-FT before, on the first division alone
VARIED = {
    "as above": (LP_FT | {"views": 4}, {}),
    "head's rate 1e-4": (LP_FT | {"views": 4, "lr": 1e-4}, {}),
    "head's rate 1e-4, backbone's 3e-5": (
        LP_FT | {"views": 4, "lr": 1e-4, "backbone_lr": 3e-5},
        {},
    ),
    "label smoothing 0.1": (LP_FT | {"views": 4, "label_smoothing": 0.1}, {}),
    "average of 10": (LP_FT | {"average": 10}, {}),
    "mirror images": (LP_FT, {"mirror": True}),
    "all rows, last epoch": (LP_FT, {"inner": 0}),
    "all three": (LP_FT | {"average": 10}, ALIKE),
}


def crossed_of(
    config: RunConfig,             # a network, or a baseline
    repeats: int,                  # divisions
    **options,                     # of `crossval_experiment`
) -> CrossValidation:
    "Five folds with nobody in two of them; finished ones are read."
    fit = baseline_fold(config)
    options |= {"fit_of": fit, "jobs": 2, "progress": False}
    return crossval_experiment(config, folds=5, repeats=repeats, **options)[0]


def photographed(
    name: str,                     # in `METHODS`, `VARIANTS` or `VARIED`
    out: Path,                     # folder of the folds, which are never trained twice
    repeats: int = 3,              # divisions
) -> CrossValidation:
    """A method on photographs: five folds by person, the same ones for every method.

    Divisions that chose nothing judge the methods: those of another seed.
    """
    settings, options = (METHODS | VARIANTS | VARIED)[name]
    given = {
        "data": os.environ["EXPRESSION_DATA"],
        "subject_pattern": os.environ.get("EXPRESSION_SUBJECT_PATTERN", r"p(\d+)"),
        "weights": os.environ["EXPRESSION_WEIGHTS"],
        "side": 96,
        "threads": 1,
        "guards": "warn",
        "seed": int(name in METHODS),
        "out": str(out / "photographs"),
    }
    config = RunConfig(**(given | settings))
    return crossed_of(config, repeats, **options)


def crossed_on(
    name: str,                     # in `CANDIDATES`
    place: str,                    # of a data set, as for `faces_of`
    out: Path,                     # folder of the folds, which are never trained twice
    repeats: int = 1,              # divisions
) -> CrossValidation:
    "One candidate on one set: five folds by person."
    config = replace(CANDIDATES[name], out=str(out / place))
    return crossed_of(config, repeats, dataset=faces_of(place))


STRANGERS = 2000                   # images, five of each person
TRAININGS = 5                      # of each network, with the seeds 0 to 4


def strangers_of(
    difficulty: float,             # of the generated faces
    images: int = STRANGERS,
) -> DatasetDict:                  # split test
    "People whom no training has seen, and no choice."
    drawn = generate_faces({"test": images}, difficulty=difficulty, seed=31)
    return with_sample_ids(DatasetDict({"test": drawn["test"]}))


def before_strangers(
    difficulty: float,             # of the faces that are learned, and of the strangers'
    out: Path,                     # folder of the runs, which are never trained twice
    images: int = STRANGERS,
    seeds: range = range(TRAININGS),
    models: tuple[str, ...] = ("tinyvgg", "resnet18"),
    drawn: bool = False,           # a set of faces for each seed; else all learn from the README's
    **fields,                      # further fields of `RunConfig`
) -> dict:                         # name -> prediction table, or seed -> prediction table
    """What `expression run` trains on generated faces, and HOG, asked about people nobody has seen.

    HOG has no seeds: it has a table for each seed only where each has faces of its own.
    """
    strangers = strangers_of(difficulty, images)["test"]
    people = dict(zip(strangers["sample_id"][:], strangers["subject"][:]))

    def hog_of(seed):
        known = load_expressions("generated", difficulty=difficulty, seed=seed)
        both = DatasetDict({"train": known["train"], "test": strangers})
        return _with_people(hog_baseline(both, "test"), people)

    told: dict = {"HOG": {seed: hog_of(seed) for seed in seeds} if drawn else hog_of(0)}
    for number, model in enumerate(("tinyvgg", "resnet18")):
        if model not in models:
            continue
        told[model] = {}
        for seed in seeds:
            given = {"difficulty": difficulty, "seed": seed, "out": str(out), "framing": "off"}
            given |= {"data_seed": seed if drawn else 0}
            config = main_configs("generated", **given | fields)[number]
            with contextlib.redirect_stdout(io.StringIO()):
                run = run_experiment(config)
            trained = load_trained(run.folder, "cpu")
            loader = evaluation_loader(strangers, trained.transform, batch_size=64)
            with machine_for(config_from_dict(trained.record["config"])):
                table = predictions(trained.model, loader, "cpu", split="test")
            told[model][seed] = _with_people(table, people)
    return told


def _with_people(
    table: pd.DataFrame,           # of predictions
    people: dict[str, str],        # sample id -> who is on it
) -> pd.DataFrame:
    "The same with a column `subject`."
    return table.assign(subject=table["sample_id"].map(people))


def trial(
    name: str,                     # in `CANDIDATES`
    place: str,                    # of a data set, as for `faces_of`
    out: Path,                     # folder of the folds
) -> dict:                         # candidate, set, images, right, accuracy, loss, seconds
    "What came of it, and how long it took."
    started = time.perf_counter()
    crossed = crossed_on(name, place, out)
    table = crossed.table
    found = scores(table.drop(columns=["repeat", "fold"]))
    return {
        "candidate": name,
        "set": place,
        "answers": len(table),
        "right": round(found["accuracy"] * len(table)),
        "accuracy": found["accuracy"],
        "loss": found["loss"],
        "worst fold": float(crossed.folds["loss"].max()),
        "seconds": time.perf_counter() - started,
    }


def tried(
    out: Path,                     # with `trials.jsonl`
) -> pd.DataFrame:                 # a row per candidate and set
    "What has been tried so far."
    lines = (out / "trials.jsonl").read_text().splitlines()
    return pd.DataFrame([json.loads(line) for line in lines])


# a candidate, and the sets on which it was tried
TRIED = [
    ("tinyvgg before: lr 3e-3 along a cosine, changed at 32 px", ["default"]),
    ("tinyvgg: lr 1e-3", ["default", "easy"]),
    ("tinyvgg: lr 1e-3, changed at 32 px", ["default"]),
    ("tinyvgg: lr 1e-3, flips only", ["default"]),
    ("tinyvgg: lr 1e-3 along a cosine", ["default"]),
    ("tinyvgg: lr 1e-3, weight decay 0.01", ["default"]),
    ("tinyvgg: lr 1e-3, batches of 32", ["default"]),
    ("resnet18: 16 epochs along a cosine", ["default"]),
    ("tinyvgg: lr 1e-3", [*JUDGED]),
    ("HOG", [*JUDGED]),
    ("tinyvgg before: lr 3e-3 along a cosine, changed at 32 px", ["default, others"]),
]


LONGER = [                         # the same, tried later
    ("tinyvgg: lr 1e-3", ["default", "hard"]),
    ("tinyvgg: lr 1e-3, 80 epochs", ["default", "hard"]),
    ("tinyvgg: lr 1e-3, 80 epochs, average of 3", ["easy", "default", "hard"]),
    (CHOSEN, ["easy", "default", "hard"]),
    ("HOG", ["easy", "default", "hard"]),
]


def main(
    out: Path,                     # receives folds and `trials.jsonl`
    plan: list[tuple[str, list[str]]],  # candidates, and data sets for each
) -> None:
    "Try them, and write a line for each."
    out.mkdir(parents=True, exist_ok=True)
    book = out / "trials.jsonl"
    done = set()
    if book.is_file():
        done = {(row["candidate"], row["set"]) for _, row in tried(out).iterrows()}
    for name, places in plan:
        for place in places:
            if (name, place) not in done:
                row = trial(name, place, out)
                with open(book, "a") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    asked = [(name, [*SEARCHED]) for name in sys.argv[2:]]
    main(Path(sys.argv[1]).resolve(), asked or TRIED)
