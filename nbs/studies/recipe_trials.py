"""Recipes that were tried: candidates, data sets and the cross-validation that judges them.

    python nbs/studies/recipe_trials.py FOLDER [NAME ...]     # all candidates, or some; resumable

Every candidate is cross-validated, five folds by person, on the same divisions of every set. The
choice sees the sets of `SEARCHED` only; those of `JUDGED` take no part in it.
"""
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

from expression_research.config import RunConfig
from expression_research.crossval import crossval_experiment
from expression_research.data import ExpressionData, load_expressions
from expression_research.diagnostics import scores
from expression_research.faces import generate_faces

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
PHOTOGRAPHS = Path("../shared/data/faces-3class"), Path("../../../shared/data/faces-3class")


def faces_of(
    name: str,                     # in `SEARCHED` or `JUDGED`, or `photographs`
) -> ExpressionData:               # train, validation, test
    "A data set of the study."
    if name == "photographs":
        place = next(path for path in PHOTOGRAPHS if path.is_dir())
        return load_expressions(place, subject_pattern=r"p(\d+)")
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
    "before: lr 3e-3, cosine, supersample 1": base(
        "tinyvgg", lr=3e-3, schedule="cosine", supersample=1
    ),
    "lr 1e-3, supersample 1": base("tinyvgg", supersample=1),
    "lr 1e-3": base("tinyvgg"),
    "lr 1e-3, supersample 3": base("tinyvgg", supersample=3),
    "lr 1e-3, flips only": base("tinyvgg", **NO_CHANGE),
    "lr 1e-3, twice the augmentation": base("tinyvgg", **TWICE),
    "lr 1e-3, cosine": base("tinyvgg", schedule="cosine"),
    "lr 3e-3": base("tinyvgg", lr=3e-3),
    "lr 3e-3, cosine": base("tinyvgg", lr=3e-3, schedule="cosine"),
    "lr 1e-3, 80 epochs": base("tinyvgg", epochs=80),
    "lr 1e-3, weight decay 1e-3": base("tinyvgg", weight_decay=1e-3),
    "lr 1e-3, batches of 32": base("tinyvgg", batch_size=32),
    "lr 1e-3, 64 px": base("tinyvgg", side=64),
    "resnet18 before: 8 epochs, lr 1e-3, cosine, supersample 1": base(
        "resnet18", epochs=8, schedule="cosine", supersample=1
    ),
    "resnet18, 8 epochs, lr 1e-3, cosine": base("resnet18", epochs=8, schedule="cosine"),
    "resnet18, 16 epochs, lr 1e-3, cosine": base("resnet18", epochs=16, schedule="cosine"),
    "resnet18, 16 epochs, lr 1e-3": base("resnet18", epochs=16),
    "resnet18, 16 epochs, lr 3e-4, cosine": base(
        "resnet18", epochs=16, lr=3e-4, schedule="cosine"
    ),
    "resnet18, 24 epochs, lr 1e-3, cosine": base("resnet18", epochs=24, schedule="cosine"),
}


def trial(
    name: str,                     # in `CANDIDATES`
    place: str,                    # of a data set, as for `faces_of`
    out: Path,                     # folder of the folds, which are never trained twice
    repeats: int = 1,              # divisions
) -> dict:                         # candidate, set, images, right, accuracy, loss, seconds
    "One candidate on one set: five folds by person."
    started = time.perf_counter()
    config = replace(CANDIDATES[name], out=str(out / place))
    crossed, _ = crossval_experiment(
        config, folds=5, repeats=repeats, jobs=2, dataset=faces_of(place), progress=False
    )
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


def main(
    out: Path,                     # receives folds and `trials.jsonl`
    names: list[str],              # of candidates
    places: list[str],             # of data sets
) -> None:
    "Try them, and write a line for each."
    out.mkdir(parents=True, exist_ok=True)
    book = out / "trials.jsonl"
    done = set()
    if book.is_file():
        done = {(row["candidate"], row["set"]) for _, row in tried(out).iterrows()}
    for name in names:
        for place in places:
            if (name, place) not in done:
                row = trial(name, place, out)
                print(row, flush=True)
                with open(book, "a") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    chosen = sys.argv[2:] or list(CANDIDATES)
    main(Path(sys.argv[1]).resolve(), chosen, [*SEARCHED])
