"""Wrong inputs for `hard_to_hurt.ipynb`: every flag of every command with values it cannot take.

The values follow from a flag's type alone; nothing here knows how the product checks it.
"""

import dataclasses
import itertools
import os
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from expression_research import commands
from expression_research.export import write_manifest

TINY = "--data faces --model tinyvgg --plan all:1 --out runs-made".split()
# What a command needs besides the flag that is wrong: a healthy call.
CALLS: dict[str, list[str]] = {
    "run": "--data faces --quick --weights none --out runs-made".split(),
    "train": TINY,
    "crossval": TINY,
    "evaluate": ["RUN"],
    "report": ["RUN"],
    "verify": ["RUN"],
    "data": ["faces"],
    "audit": ["faces"],
    "predict": ["RUN", "FACE"],
    "align": ["faces", "aligned"],
    "tune": [*TINY, "--budget", "2"],
    "export": ["RUN", "exported-now"],
    "publish": ["exported", "anna/tiny", "--dry-run"],
    "explain": ["RUN", "FACE"],
    "app": ["RUN", "--no-browser", "--port", "0"],
}

# Texts that are no number, and numbers that nobody means.
NO_INTEGER = ("many", "1.5", "1e3", "-" + "9" * 30, "9" * 30, "")
NO_NUMBER = ("many", "nan", "inf", "-inf", "1e999", "")
NO_CHOICE = ("nothing", "../../up", "TinyVGG ", "")
NO_FOLDER = ("none/at/all", "pipe", "faces/notes.txt", "/dev/null", "x" * 300, "bad\udcff", "")
NO_OUTPUT = ("/dev/null/x", "faces/notes.txt/x", "pipe", "x" * 300, "/proc/nowhere")
NO_PATTERN = ("(", "[", "(?P<x", "*", "(a+)+$" * 2000)
NO_PLAN = ("", "all:", "all:0", "all:-1", "all:x", ":3", "all:1,", "all:999999999999", "none:3")
TEXTS = {
    "data": NO_FOLDER,
    "source": NO_FOLDER,
    "plan": NO_PLAN,
    "weights": ("none.pth", "faces", "pipe", "faces/notes.txt", "x" * 300),
    "model": (*NO_CHOICE, "timm/", "timm/no_such_net", "hf-hub:", "local-dir:none/at/all"),
    "space": ("lr", "lr=", "lr=a..b", "nothing=1,2", "lr=1e-3..1e-4", "lr=1..2:cube"),
    "device": ("gpu", "cuda:99", "cpu:x", "../up"),
    "subject_pattern": NO_PATTERN,
    "guards": ("maybe", "ER999", ","),
    "image_column": ("no such column",),
    "label_column": ("no such column",),
    "split_column": ("no such column",),
    "out": NO_OUTPUT,
    "engine": NO_CHOICE,
    "repository": (*NO_CHOICE, "anna", "anna/", "a/b/c", "anna/a b", "../up/x", "a/" + "x" * 300),
    "target": ("nothing", "../../up", "x" * 300),
    "layer": ("nothing", "../up", "model."),
}
PATHS = {
    "run": NO_FOLDER,
    "runs": NO_FOLDER,
    "resume": NO_FOLDER,
    "files": NO_FOLDER[:-1],
    "csv": ("FACE", "RUN/metrics.json", "/dev/null", "pipe", "link.csv", "notes.csv", "faces"),
    "out": ("FACE", "RUN/metrics.json", "/dev/null", "pipe", "link.csv", "faces"),
    "like": NO_FOLDER,
    "statement": ("FACE", "RUN/metrics.json", "/dev/null", "pipe", "link.csv", "faces", "faces/x"),
    "rebuild": ("none/at/all", "faces/notes.txt"),
}


def _plain(hint: Any) -> Any:
    "The type behind marks and `| None`."
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        kept = [part for part in get_args(hint) if part is not type(None)]
        return _plain(kept[0])
    return hint


def wrong_values(
    name: str,  # of a field
    hint: Any,  # its type
) -> Iterable[str]:  # texts for the command line
    "What the flag cannot take."
    kind = _plain(hint)
    if get_origin(kind) is Literal:
        return NO_CHOICE
    if get_origin(kind) is tuple:
        return PATHS.get(name, ())
    if kind is bool:
        return ()  # a flag without a value
    if kind is int:
        return NO_INTEGER
    if kind is float:
        return NO_NUMBER
    return PATHS.get(name, ()) if kind is Path else TEXTS.get(name, ())


@dataclasses.dataclass(frozen=True)
class Input:
    "A call that cannot be right."

    command: str
    flag: str
    value: str
    words: tuple[str, ...]  # after `expression`


def wrong_inputs() -> list[Input]:
    "Every command, every flag, every value that its type forbids; and wrong usage."
    found = []
    for command, healthy in CALLS.items():
        options = commands.COMMANDS[command].options
        hints = get_type_hints(options, include_extras=True)
        positional = list(itertools.takewhile(lambda word: not word.startswith("-"), healthy))
        for place, field in enumerate(dataclasses.fields(options)):
            for value in wrong_values(field.name, hints[field.name]):
                words = list(healthy)
                if place < len(positional):
                    words[place] = value
                else:
                    words += [f"--{field.name.replace('_', '-')}={value}"]
                found.append(Input(command, field.name, value, (command, *words)))
        for extra in (
            ["--nothing"],
            ["--nothing=1"],
            ["--", "--help2"],
            ["extra", "extra\x1b[2J"],
        ):
            if command in ("predict", "report", "explain") and extra[0] == "extra":
                continue
            found.append(Input(command, extra[0], "", (command, *healthy, *extra)))
        if positional:
            found.append(Input(command, "nothing at all", "", (command,)))
    for word in ("trian", "", "-x", "--version=2", "Train", "train "):
        found.append(Input(word, "command", "", (word,)))
    return found


def put_in_place(
    words: Iterable[str],  # with RUN and FACE
    run: Path,  # a finished run
    face: Path,  # a picture
) -> list[str]:
    "The words as they are typed."
    names = {"RUN": run.as_posix(), "FACE": face.as_posix()}
    typed = []
    for word in words:
        for name, path in names.items():
            word = word.replace(name, path) if word.isascii() else word
        typed.append(word)
    return typed


def lay_export(
    folder: Path,  # not there yet
) -> None:
    "What `publish` takes for an export, without the seconds that one takes."
    folder.mkdir()
    (folder / "README.md").write_text("---\nlibrary_name: timm\n---\n# tiny\n")
    (folder / "config.json").write_text("{}\n")
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 20)
    write_manifest(folder, run="tiny", library="timm")


def lay_traps() -> None:
    "A pipe, a link and a text, in the folder where the calls are made."
    os.mkfifo("pipe")
    Path("victim.txt").write_text("do not touch")
    Path("link.csv").symlink_to("victim.txt")
    Path("notes.csv").write_text("what,when\nmine,today\n")
    Path("faces/notes.txt").write_text("no picture")
    lay_export(Path("exported"))
