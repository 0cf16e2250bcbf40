"""Attacks on outputs, terminals, tables and names for `hard_to_hurt.ipynb`.

Each case does something in a place that `lay_out` makes, and returns the first line of the answer.
`judged` looks at the files before and after by hash, at the answer, and at the time it took; it
does not ask the product what it thinks of the case.
"""
import csv
import fnmatch
import hashlib
import os
import re
import shlex
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from expression_research import (
    core,
    export,
    folds,
    map_checks,
    outputs,
    publish,
    report,
    serving,
    statement,
)
from hurt_damages import TooLong, ask, in_time
from hurt_inputs import lay_export

REFUSED = ("exit 1: error", "exit 2: error")
OWN = ("ConfigError", "DataError", "ModelError", "RunError")


@dataclass(frozen=True)
class Attack:
    "Something that must do no harm."
    family: str                    # as a reader sees it
    name: str                      # what was done
    act: Callable[[], str]         # does it; the first line of the answer
    right: tuple[str, ...]         # how a right answer begins
    writes: tuple[str, ...] = ()   # patterns of the files that it may make, change or remove
    slow: bool = False             # a process of its own, or a training


# ---- the place ---------------------------------------------------------------------------------


def lay_out(
    faces: Path,                   # split/class/picture
    run: Path,                     # finished
) -> None:
    "Faces, a run, and what must survive, in the working folder."
    shutil.copytree(faces, "faces")
    shutil.copytree(run, "RUN", ignore=shutil.ignore_patterns("test_*"))
    shutil.copy(sorted(Path("faces").rglob("*.png"))[0], "photo.png")
    Path("theirs.csv").write_text("file,label\na.png,happy\n")
    Path("theirs.html").write_text("<!doctype html><title>holidays</title>")
    Path("link.csv").symlink_to("theirs.csv")
    Path("nowhere.csv").symlink_to("missing")
    Path("foreign").mkdir()
    Path("foreign/summary.json").write_text('{"mine": 1}')
    for name, target in (("stranger", "../../photo.png"), ("stranger2", "../../RUN")):
        Path(name, "in").mkdir(parents=True)
        shutil.copy("photo.png", f"{name}/a.png")
        Path(name, "in", "way.png").symlink_to(target)
    os.mkfifo("pipe")
    for name in ("exported", "edited", "added", "torn"):
        lay_export(Path(name))
    Path("edited/config.json").write_text('{"mean": 0}')
    Path("added/mine").mkdir()
    Path("torn/export.json").write_text(Path("torn/export.json").read_text()[:90])
    Path("linked").symlink_to("exported")
    Path("forged.json").write_text('{"predicateType": "%s", "predicate": {}}' % statement.PREDICATE)


def state() -> dict[str, str]:     # name -> kind, mode and content
    "Everything below the working folder, locks left out; links are not followed."
    found = {}
    for path in sorted(Path().rglob("*")):
        mode = path.lstat().st_mode
        if path.name.endswith(".lock") or stat.S_ISDIR(mode):
            continue
        content = ""
        if stat.S_ISLNK(mode):
            content = os.readlink(path)
        elif stat.S_ISREG(mode):
            content = hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
        found[os.fsencode(path).decode("utf-8", "backslashreplace")] = f"{mode:o} {content}"
    return found


def judged(
    attack: Attack,
    seconds: int = 60,             # after which it hangs
) -> list[str]:                    # family, name, verdict, first line of the answer, files changed
    "Do it, look, and put the place back."
    before, there = state(), set(os.listdir(b"."))
    with in_time(seconds):
        try:
            said = attack.act()
        except TooLong:
            said = "hangs"
        except BaseException as error:
            said = f"foreign: {type(error).__name__}: {error}"
    after = state()
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    odd = [name for name in changed if not any(fnmatch.fnmatch(name, one) for one in attack.writes)]
    verdict = "fine"
    if said.startswith(("foreign", "hangs")):
        verdict = said.partition(":")[0]
    elif any(name in before for name in odd):
        verdict = "lost"
    elif odd:
        verdict = "left behind"
    elif not said.startswith(attack.right):
        verdict = "wrong answer"
    for name in set(os.listdir(b".")) - there:
        if os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name)
        else:
            os.unlink(name)
    said = said.replace(str(Path.cwd()), "").replace(str(Path.home()), "~")
    said = re.sub(r"/\S*/site-packages/", "", said)
    shown = [ascii(text[:120])[1:-1] for text in (attack.name, said)]
    return [attack.family, shown[0], verdict, shown[1], ", ".join(odd[:2])]


# ---- ways to ask -------------------------------------------------------------------------------


def first_line(status: int|None, out: str, err: str) -> str:
    "The first line that matters, after the exit status."
    said = f"{out}\n{err}"
    if status is None or "Traceback" in said or "Exception ignored" in said:
        return f"foreign: {(err.strip().splitlines() or [''])[-1]}"
    lines = (err.strip() or out.strip()).splitlines()
    if status in (1, 2) and len(lines) > 3:
        return f"{len(lines)} lines: {lines[0]}"
    return f"exit {status}: {lines[0] if lines else ''}".strip()


def typed(line: str) -> str:
    "`expression` in this process."
    answer = ask(*shlex.split(line))
    return first_line(answer.status, answer.out, answer.err)


def python(code: str) -> str:
    "A call from Python: the project's own exception, or the type of what came back."
    names = {"np": np, "pd": pd, "Path": Path}
    for module in (serving, outputs, core, folds, report, export, publish, statement, map_checks):
        names.update(vars(module))
    try:
        return f"returned {type(eval(code, names)).__name__}"
    except core.ExpressionError as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


# ---- outputs over what is there ----------------------------------------------------------------

OVER = """
evaluate RUN --csv photo.png
evaluate RUN --csv theirs.csv
evaluate RUN --csv link.csv
evaluate RUN --csv nowhere.csv
evaluate RUN --csv pipe
evaluate RUN --csv /dev/null
evaluate RUN --csv /dev/full
evaluate RUN --csv faces
evaluate RUN --csv RUN/new.csv
evaluate RUN --csv RUN/history.csv
evaluate RUN --csv RUN/best.safetensors
report RUN --out RUN/best.safetensors
report RUN --out RUN/new.html
report RUN --out photo.png
report RUN --out theirs.html
report RUN --out link.csv
report RUN --out /dev/null
report RUN --out faces
predict RUN photo.png --csv photo.png
predict RUN photo.png --csv ./faces/../photo.png
predict RUN photo.png --csv theirs.csv
predict RUN photo.png --csv link.csv
predict RUN photo.png --csv /dev/null
predict RUN photo.png --csv photo.png/x.csv
predict RUN photo.png --csv RUN/history.csv
train --data faces --out RUN
train --data faces --out RUN/deep
train --data faces --out /dev/null
train --data faces --out photo.png
train --data faces --out photo.png/runs
train --data faces --out nowhere.csv
train --data faces --out ''
train --data faces --out /proc/runs
run --data faces --out foreign
audit faces --out RUN
audit faces --out photo.png
data --rebuild nowhere photo.png
data --rebuild faces RUN
export RUN photo.png
export RUN theirs.csv
export RUN link.csv
export RUN nowhere.csv
export RUN linked
export RUN pipe
export RUN /dev/null
export RUN foreign
export RUN edited
export RUN added
export RUN torn
export RUN RUN
export RUN RUN/deep
export RUN ''
export RUN .
export RUN /proc/exported
explain RUN photo.png --out photo.png
explain RUN photo.png --out theirs.html
explain RUN photo.png --out link.csv
explain RUN photo.png --out nowhere.csv
explain RUN photo.png --out pipe
explain RUN photo.png --out /dev/full
explain RUN photo.png --out faces
explain RUN photo.png --out RUN/new.html
explain RUN photo.png --out RUN/best.safetensors
verify RUN --statement photo.png
verify RUN --statement theirs.csv
verify RUN --statement link.csv
verify RUN --statement nowhere.csv
verify RUN --statement pipe
verify RUN --statement /dev/full
verify RUN --statement faces
verify RUN --statement RUN/new.json
verify RUN --statement RUN/metrics.json
verify RUN --statement exported/config.json
""".strip().splitlines()

INSIDE = """
train --data .
train --data faces --out faces
train --data faces --out faces/runs
train --data faces --out faces/../faces/deep/runs
train --data faces/train --out faces/train/sad/runs
run --data faces --out faces/x
crossval --data faces --out faces
audit faces --out faces
audit faces --out faces/audit
predict RUN faces --csv faces/t.csv
predict RUN faces --csv faces/train/sad/new.csv
data --rebuild faces faces/pack
export RUN faces
export RUN faces/exported
export RUN faces/train/sad/exported
evaluate RUN --csv faces/t.csv
report RUN --out faces/page.html
report RUN --checklist --out faces/train/list.md
explain RUN photo.png --out faces/page.html
predict RUN photo.png --csv faces/t.csv
verify RUN --statement faces/s.json
verify RUN --statement faces/train/sad/s.json
explain RUN faces --out faces/page.html
""".strip().splitlines()

BEFORE = """
train --data faces --model ../../up
train --data faces --model ''
train --data faces --model /etc/passwd
train --data faces --device cuda:99
train --data faces --device cpu:7
train --data faces --plan head:0
train --data faces --weights missing.pth
train --data faces --weights faces
train --data faces --batch-size 0
train --data faces --batch-size 1.5
train --data faces --lr nan
train --data faces --lr inf
train --data faces --side 4
train --data faces --threads 0
train --data faces --workers -1
train --data faces --guards nonsense
train --resume nowhere
train --resume photo.png
train --resume pipe
train --resume RUN --seed 3
train --bath-size 3
train --lr
train --schedule warmup
run --data faces --seeds 0
run --data faces --seeds -1
run --data faces --seeds 99999999
run --data faces --weights missing.pth
run --data faces --side 7
run --data faces --subject-pattern (
crossval --data faces --repeats 0
crossval --data faces --folds 1
crossval --data faces --folds 999999999
crossval --data faces --jobs 0
crossval --data faces --jobs -1
crossval --data faces --model ../../up
evaluate RUN --split test
evaluate RUN --split test --reason ' '
evaluate RUN --split all
evaluate nowhere
evaluate pipe
report RUN RUN
report faces
report nowhere
predict RUN photo.png --batch-size 0
predict RUN photo.png --batch-size 99999999999
predict RUN photo.png --device cuda:x
predict RUN photo.png --engine tensorflow
predict RUN missing.png
predict RUN pipe
predict RUN /dev/zero
predict RUN /dev/null
predict RUN stranger
predict RUN stranger2
predict RUN theirs.csv
predict RUN
predict photo.png photo.png
predict faces photo.png
predict nowhere photo.png
data pipe
verify faces
verify nowhere
verify photo.png
export nowhere new
export photo.png new
export faces new
export RUN new --data nowhere
export RUN new --data exported
export RUN
publish nowhere anna/x --dry-run
publish photo.png anna/x --dry-run
publish RUN anna/x --dry-run
publish faces anna/x --dry-run
publish edited anna/x --dry-run
publish added anna/x --dry-run
publish torn anna/x --dry-run
publish exported anna/x/y --dry-run
publish exported /etc/passwd --dry-run
publish exported anna/x
explain nowhere photo.png
explain RUN missing.png
explain RUN /dev/zero
explain RUN theirs.csv
explain RUN photo.png --target nobody
explain RUN photo.png --layer nothing
explain RUN photo.png --method saliency
explain RUN photo.png --device cuda:x
app nowhere --no-browser
app faces --no-browser
app photo.png --no-browser
app RUN --no-browser --port 70000
app RUN --no-browser --port -1
app RUN --no-browser --coverage 1
app RUN --no-browser --coverage nan
app RUN --no-browser --data nowhere
app RUN --no-browser --device cuda:99
bogus
""".strip().splitlines()

CALLS = r"""
predict("RUN", None)
predict("RUN", 5)
predict("RUN", "")
predict("RUN", [])
predict("RUN", [None])
predict("RUN", b"photo.png")
predict(None, "photo.png")
predict("", "photo.png")
predict(3, "photo.png")
predict("RUN", "photo.png", batch_size=0)
predict("RUN", "photo.png", batch_size=None)
predict("RUN", "photo.png", batch_size=np.float64(2.5))
predict("RUN", "photo.png", batch_size=10**12)
predict("RUN", "photo.png", device=None)
predict("RUN", "photo.png", device="cuda:99")
predict("RUN", "photo.png", engine=None)
predict("RUN", "photo.png", skip_unreadable="no")
predict("RUN", "photo.png", follow_outside=1)
predict("RUN", "photo\0.png")
predict("RUN", "x" * 5000)
predict("RUN", "stranger", skip_unreadable=True)
probability_table([Path("a")], [""], np.array([[0.0, np.nan]]), ["x", "y"])
probability_table([Path("a")], [""], np.array([[0.0, np.inf]]), ["x", "y"])
show_predictions(pd.DataFrame({"file": ["missing.png"], "prediction": ["x"], "x": [1.0]}))
write_table(pd.DataFrame({"file": ["a"], "prediction": ["b"]}), "photo.png")
write_table(pd.DataFrame({"file": ["a"], "prediction": ["b"]}), "theirs.csv")
write_table(pd.DataFrame({"file": ["a"], "prediction": ["b"]}), "link.csv")
write_table(pd.DataFrame({"file": ["a"], "prediction": ["b"]}), "/dev/null")
write_table(pd.DataFrame({"file": ["a"], "prediction": ["b"]}), "x" * 256)
write_table(pd.DataFrame({"file": ["a"], "prediction": ["b"]}), "a\0b")
read_table("pipe")
read_table("faces")
read_table("missing.csv")
read_table("photo.png")
write_atomically("/dev/null", b"")
write_atomically("faces", b"")
write_atomically("pipe", b"")
write_atomically("photo.png/x", b"")
write_atomically("a\0b", b"")
write_atomically("x" * 256, b"")
read_json("pipe")
read_json("faces")
read_json("photo.png")
read_json("missing")
read_json("a\0b")
pick_device(None)
pick_device("cuda:99")
pick_device("CPU")
make_folds(None, 1)
make_folds(None, 5, 0)
check_divisions("5", 1, 0.2)
process_count(0, 3)
process_count("2", 3)
report_runs(["RUN"], "photo.png")
report_runs([])
report_runs(["RUN", "RUN/."])
report_runs(["faces"])
output_file("", PAGE)
output_folder("")
refuse_inside("faces/runs", "faces")
export_run("RUN", None)
export_run("RUN", b"new")
export_run("RUN", "a\0b")
export_run("RUN", "x" * 256)
export_run(None, "new")
export_run("RUN", "new", dataset=5)
export_run("RUN", "new", int8="no")
read_export("photo.png")
read_export("a\0b")
read_export("x" * 5000)
publish_export("exported", None)
publish_export("exported", "anna/x", public="no")
publish_export(b"exported", "anna/x", dry_run=True)
publish_export("edited", "anna/x", dry_run=True)
read_statement("RUN", "photo.png")
read_statement("RUN", "pipe")
read_statement("RUN", "faces")
read_statement("RUN", "forged.json")
statement_place("RUN", "faces/x", reads=["faces"])
write_statement("RUN", None)
explain("RUN", None)
explain("RUN", "photo.png", method="saliency")
explain("RUN", "photo.png", target=3)
explain("RUN", [])
explanation_page([], "photo.png")
explanation_page(["x"], "new.html")
""".strip().splitlines()


# ---- terminals, tables and pages that a stranger wrote -----------------------------------------

ESCAPES = {
    "clear the screen": "\x1b[2J",
    "set the title": "\x1b]0;owned\x07",
    "one byte CSI": "\x9b2J",
    "bell": "\x07",
    "back to the start": "a\rb",
    "right to left": "\u202egnp",
    "line separator": "a\u2028b",
    "no letter": "\ufeff\u200f",
    "half a pair": "a\udcffb",
}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
FORMULAS = {
    "equals": "=1+1",
    "command": "=cmd|'C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "tab": "\t=1",
    "blank": "  =1",
    "wide": "\uff1d1+1",
    "quote": "'=1+1",
}
RUNS_IN_SHEET = re.compile("[ ]*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def seen(*words: str) -> str:
    "The answer; a control character in what was printed is an escape."
    answer = ask(*words)
    if CONTROL.search(answer.out + answer.err.replace("\r", "")):
        return "a terminal was reached"
    return first_line(answer.status, answer.out, answer.err)


def removed(act: Callable[[], str], folder: str) -> str:
    "The answer of `act`, after which `folder` is taken away."
    try:
        return act()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _picture_called(name: str, *words: str) -> str:
    "A picture of that name in the folder `odd`, and a command on it."
    def act() -> str:
        Path("odd").mkdir()
        shutil.copy("photo.png", Path("odd", f"{name}.png"))
        return seen(*words)
    return removed(act, "odd")


def _class_called(name: str, *words: str) -> str:
    "A class of that name in a copy of the faces, and a command on it."
    def act() -> str:
        shutil.copytree("faces", "odd")
        for split in ("train", "validation", "test"):
            Path("odd", split, "sad").rename(Path("odd", split, name))
        return seen(*words)
    return removed(act, "odd")


def _in_a_sheet(name: str) -> str:
    "A picture of that name, predicted into a table: no cell is a formula."
    said = _picture_called(name, "predict", "RUN", "odd", "--csv", "sheet.csv")
    if not Path("sheet.csv").exists():
        return said
    for row in csv.reader(Path("sheet.csv").open(newline="", encoding="utf-8")):
        for cell in row:
            if RUNS_IN_SHEET.match(cell) and not re.fullmatch(r"[+-]?[0-9.]+(e[+-]?\d+)?", cell):
                return f"a formula in a table: {cell}"
    return said


def _written_formula(text: str) -> str:
    "A heading and a cell, written and read back."
    table = pd.DataFrame({"file": [text], "prediction": ["b"], text: [0.5]})
    outputs.write_table(table, "sheet.csv")
    for row in csv.reader(Path("sheet.csv").open(newline="", encoding="utf-8")):
        if any(RUNS_IN_SHEET.match(cell) for cell in row):
            return "a formula in a table"
    return "ok" if outputs.read_table("sheet.csv").equals(table) else "another table came back"


# ---- names -------------------------------------------------------------------------------------


def _not_utf8(*words: bytes) -> str:
    "A picture whose name is no UTF-8, and a command."
    def act() -> str:
        os.mkdir("odd")
        shutil.copy("photo.png", b"odd/\xff\xe4.png")
        return seen(*map(os.fsdecode, words))
    return removed(act, "odd")


def _at_home(line: str) -> str:
    "Typed where `~` is the working folder."
    before = os.environ["HOME"]
    os.environ["HOME"] = str(Path.cwd())
    try:
        return typed(line)
    finally:
        os.environ["HOME"] = before


# ---- the list ----------------------------------------------------------------------------------


def refused(family: str, lines: list[str]) -> list[Attack]:
    "Commands that must end with one error and change nothing."
    return [Attack(family, line, partial(typed, line), REFUSED) for line in lines]


def _hostile() -> list[Attack]:
    "Escapes and formulas in every place that a stranger can name."
    found = []
    for name, text in ESCAPES.items():
        any_end = ("exit 0", *REFUSED)
        places = {
            "a class": partial(_class_called, text, "data", "odd"),
            "a picture": partial(_picture_called, text, "predict", "RUN", "odd"),
            "a missing picture": partial(seen, "predict", "RUN", text),
            "a source": partial(seen, "data", text),
            "a run": partial(seen, "evaluate", text),
            "a command": partial(seen, text),
            "a flag": partial(seen, "train", f"--{text}"),
            "a value": partial(seen, "train", f"--model={text}"),
            "an output": partial(seen, "audit", "faces", "--out", f"photo.png/{text}"),
            "an export": partial(seen, "export", "RUN", f"photo.png/{text}"),
            "a statement": partial(seen, "verify", "RUN", f"--statement=photo.png/{text}"),
            "a repository": partial(seen, "publish", "exported", f"anna/{text}", "--dry-run"),
            "a class to explain": partial(seen, "explain", "RUN", "photo.png", f"--target={text}"),
        }
        found += [
            Attack("escapes", f"{name} in {place}", act, any_end) for place, act in places.items()
        ]
    for name, text in FORMULAS.items():
        found += [
            Attack("formulas", f"{name} as a picture's name", partial(_in_a_sheet, text),
                   ("exit 0", *REFUSED), ("sheet.csv",)),
            Attack("formulas", f"{name} in write_table", partial(_written_formula, text),
                   ("ok",), ("sheet.csv",)),
        ]
    return found


def _names() -> list[Attack]:
    "Long names, names that are no text, and `~`."
    long, fits = "x" * 300, "x" * 246
    table, page = ("home.csv",), ("home/*",)
    done = ("exit 0",)
    found = [
        Attack("names", "a table of 250 characters",
               partial(typed, f"predict RUN photo.png --csv {fits}.csv"), done, (f"{fits}.csv",)),
        Attack("names", "a picture of 250 characters",
               partial(_picture_called, fits, "predict", "RUN", "odd"), done),
        Attack("names", "a picture that is no UTF-8",
               partial(_not_utf8, b"predict", b"RUN", b"odd"), ("exit 0", *REFUSED)),
        Attack("names", "a picture that is no UTF-8, named",
               partial(_not_utf8, b"predict", b"RUN", b"odd/\xff\xe4.png"), ("exit 0", *REFUSED)),
        Attack("names", "a picture that is no UTF-8, into a table",
               partial(_not_utf8, b"predict", b"RUN", b"odd", b"--csv", b"sheet.csv"),
               ("exit 0", *REFUSED), ("sheet.csv",)),
        Attack("names", "a table that is no UTF-8",
               partial(_not_utf8, b"predict", b"RUN", b"photo.png", b"--csv", b"\xff.csv"),
               ("exit 0", *REFUSED), ("\\xff.csv",)),
        Attack("names", "--csv=~/home.csv",
               partial(_at_home, "predict RUN photo.png --csv=~/home.csv"), done, table),
        Attack("names", "audit --out=~/home",
               partial(_at_home, "audit faces --out=~/home"), done, page),
        Attack("names", "predict ~/RUN ~/photo.png",
               partial(_at_home, "predict ~/RUN ~/photo.png"), done),
        Attack("names", "data ~/faces", partial(_at_home, "data ~/faces"), done),
        Attack("names", "a missing source in ~",
               partial(_at_home, "train --data ~/none --out=~/home"), REFUSED),
    ]
    lines = [f"predict RUN photo.png --csv {long}", f"audit faces --out {long}",
             f"train --data faces --out {long}", f"run --data faces --out {long}",
             f"crossval --data faces --out a/{long}", f"evaluate {long}",
             f"train --resume {long}", f"report RUN --out {long}.html",
             "train --data faces --out ~nobody-such/runs", "train --resume ~nobody-such/x",
             "predict RUN photo.png --csv ~nobody-such/x.csv",
             f"export RUN {long}", f"export {long} new", f"verify RUN --statement {long}",
             f"explain RUN photo.png --out {long}.html", f"publish {long} anna/x --dry-run",
             f"publish exported anna/{long} --dry-run", "export RUN ~nobody-such/x",
             "publish ~nobody-such/x anna/x --dry-run"]
    return found + refused("names", lines)


def output_attacks() -> list[Attack]:
    "Those on outputs, terminals, tables and names."
    return [
        *refused("outputs over what is there", OVER),
        *refused("outputs inside inputs", INSIDE),
        *refused("checked before the work", BEFORE),
        *[Attack("calls from Python", line, partial(python, line), OWN) for line in CALLS],
        *_hostile(),
        *_names(),
    ]
