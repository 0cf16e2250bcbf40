"""Every real layout, wrong flag and damaged file through the command line: what comes out, and with which status.

The layouts and their truths are those of the study `real_layouts.ipynb`; the notebooks' own tests look at the
pictures, this gate at the commands: no exception but the project's own, the right status, and one line that says how
the source was understood.
"""
import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from unittest.mock import patch

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "nbs" / "studies"))
READING = ("data", "audit", "train", "crossval", "run")            # commands that read data
FLAGS = "image-column label-column split-column split-names drop-empty-classes regroup subject-pattern".split()
SMALL = "--model tinyvgg --hidden-units 4 --side 16 --epochs 1 --batch-size 8".split()
PREDICTED = (                      # layouts in which `data` and `predict` could disagree about what is a picture
    "notebook checkpoints", "apple doubles", "what systems leave", "heic among jpegs", "no suffix",
    "a link in a circle", "nothing but links", "suffixes of every kind",
)
AGREE = (                          # layouts on which `audit` and `train` give the same verdict
    "train and test", "validation lacks sad", "test lacks neutral", "leaks as they come", "texts beside pictures",
    "two validations",
)


def command(
    *words: object,                # after `expression`
) -> tuple[int | None, str, str]:  # exit status, None for a foreign exception; standard output; standard error, or it
    "One command in this process."
    from expression_research.cli import main
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([str(word) for word in words])
    except BaseException as error:                                 # SystemExit, too: `main` returns its status
        return None, out.getvalue(), f"{type(error).__name__}: {str(error)[:200]}"
    return status, out.getvalue(), err.getvalue()


def as_flags(
    options: dict,                 # of `load_expressions`
) -> list[str]:                    # such as ["--label-column", "emotion"]
    "The same on the command line."
    words = []
    for name, value in options.items():
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words.append(str(value))
    return words


def last(
    text: str,                     # output of a command
) -> str:                          # its last line that is not blank
    "What was said last."
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


# ---- layouts -------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def listening() -> Iterator[list[str]]:
    "Inside the block every line on how a source was understood is kept, as it is made."
    from expression_research.data import Origin
    lines, original = [], Origin.line
    def line(self: Origin) -> str:
        lines.append(original(self))
        return lines[-1]
    with patch.object(Origin, "line", line):
        yield lines


def readable(
    source: object,                # for `load_expressions`
    options: dict,                 # for it
) -> bool:
    "Whether it can be read when unreadable pictures are left out, which is how `audit` reads."
    from expression_research.core import ExpressionError
    from expression_research.data import load_expressions
    wanted = {"skip_unreadable": True}
    wanted.update(options)
    try:
        return bool(load_expressions(source, **wanted))
    except ExpressionError:
        return False


def layout_complaints(
    folder: Path,                  # where to build them
    built: dict,                   # name -> (layout, place), filled here
) -> Iterator[str]:
    "`data` on every layout; `audit` on those that it refused, which is quick, and on some of the others."
    from layout_tools import Place
    from layouts import LAYOUTS
    for number, layout in enumerate(LAYOUTS):
        place = Place(folder / layout.name.replace(" ", "_"))
        layout.build(place)
        if not isinstance(place.source, Path):
            continue
        built[layout.name] = (layout, place)
        refused = yield from one_layout("data", layout, place)
        quick = len(layout.classes) < 7                           # seven classes take `audit` five seconds
        if quick and (refused or number % 24 == 0):
            yield from one_layout("audit", layout, place)


def one_layout(
    name: str,                     # data or audit
    layout: object,                # a `Layout`
    place: object,                 # its `Place`, built
) -> Generator[str, None, bool]:   # complaints; whether it was refused
    "One command on one layout."
    options = {key: value for key, value in layout.options.items() if (name, key) != ("audit", "skip_unreadable")}
    with listening() as lines:
        status, out, err = command(name, place.source, *as_flags(options))
    where, refused = f"{name} on {layout.name!r}", err.startswith("error: ")
    if status is None:
        yield f"{where}: {err}"
    elif status not in (0, 1) or (refused and layout.refuse is None):
        yield f"{where}: status {status}, {last(err) or last(out)}"
    elif not refused and not any(line in out for line in lines):
        yield f"{where}: does not say how the source was understood"
    elif not refused and not layout.accept and not (name == "audit" and readable(place.source, options)):
        yield f"{where}: read, although it must be refused: {last(out)}"
    return refused


# ---- wrong flags and damaged files ---------------------------------------------------------------------------------

def wrong_words(
    good: Path,                    # a folder that can be read
    table: Path,                   # a Parquet file that can be read
) -> list[tuple[list[object], int]]:  # words, and the status that is right
    "Slips of the hand."
    flags = [
        "--label-column nope", "--label-column image", "--image-column label", "--image-column nope",
        "--split-column nope", "--split-names train", "--split-names train=", "--split-names foo=bar",
        "--split-names train=a", "--split-names =", "--subject-pattern (",
        "--subject-pattern p", "--subject-pattern (a)(b)", "--split-column label", "--split-names test=nowhere",
    ]
    slips = [([name, table, *flag.split()], 1) for flag in flags for name in ("data", "audit")]
    slips += [([name, good, "--subject-pattern", "^(zzz)"], 1) for name in ("data", "audit")]
    for name in ("data", "audit"):
        slips += [([name], 2), ([name, good, "--nope"], 2), ([name, good, "--split-names"], 2), ([name, ""], 1)]
        slips += [([name, "no/such/folder/at/all"], 1), ([name, good / "nowhere"], 1), ([name, os.devnull], 1)]
    for name in ("train", "crossval", "run"):
        slips += [([name, "--data", good / "nowhere", "--out", good.parent / "runs"], 1)]
        slips += [([name, "--data", table, "--label-column", "nope", "--out", good.parent / "runs"], 1)]
    return slips


def damage(
    folder: Path,                  # to make
) -> Iterator[Path]:               # sources that cannot be read
    "Files as a full disk, a broken download or another program leaves them."
    from layout_tools import draw, encode
    folder.mkdir()
    whole = {
        "zero.parquet": b"", "text.parquet": b"hello\n", "half.csv": b"emotion,pixels\n3,1 2 3", "zero.csv": b"",
        "binary.csv": bytes(range(256)) * 8, "uneven.csv": b"emotion,pixels\n1,2,3,4\n5\n",
        "wide.csv": b"\xff\xfea\0,\0",
        "quoted.csv": b'emotion,pixels,Usage\n3,"1 2 3 4,Training\n', "one.png": encode(draw(1)), "list.json": b"[1, 2",
        "zero.zip": b"", "zero.tar.gz": b"", "negative.csv": b"emotion,pixels,Usage\n-1,1 2 3 4,Training\n",
        "nul.csv": b"emotion,pixels,Usage\n3,\0,Training\n", "shards.parquet/part.parquet": b"PAR1PAR1",
        "saved/dataset_dict.json": b"{", "state/state.json": b"{}", "state/dataset_info.json": b"{}",
        "csv.csv/a.txt": b"", "flat/1.png": encode(draw(1)), "flat/2.png": encode(draw(2)),
        "torn/a/1.png": encode(draw(1))[:60], "torn/b/1.png": encode(draw(2)),
        "bomb/a/1.png": encode(draw(1)).replace(b"\0\0\0\x10\0\0\0\x10", b"\0\1\0\0\0\1\0\0"),
        "bomb/b/1.png": encode(draw(2)), "jsonl/metadata.jsonl": b'{"file_name": 3}\n{', "jsonl/1.png": encode(draw(1)),
        "meta/metadata.csv": b"file_name,label\nnone.png,happy\n", "meta/1.png": encode(draw(1)),
        "up/metadata.csv": b"file_name,label\n../flat/1.png,happy\n../flat/2.png,sad\n", "up/3.png": encode(draw(3)),
        "card/README.md": b"---\nconfigs: [\n---\n", "card/a/1.png": encode(draw(1)),
    }
    for name, content in whole.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "circle").mkdir()
    (folder / "circle" / "again").symlink_to(folder / "circle")
    if sys.platform == "linux":                                    # a name that is no text
        odd = folder / "odd"
        for label in (b"a\xff", b"b\n"):
            (Path(os.fsdecode(os.fsencode(odd) + b"/" + label))).mkdir(parents=True)
            for n in range(8):
                content = encode(draw(100 + n + 10 * len(label) + label[0]))
                Path(os.fsdecode(os.fsencode(odd) + b"/" + label + b"/%d.png" % n)).write_bytes(content)
    yield from sorted({folder / Path(name).parts[0] for name in whole} | {folder / "circle", folder / "odd"})


def slip_complaints(
    folder: Path,                  # for new files
    built: dict,                   # name -> (layout, place)
) -> Iterator[str]:
    "Every wrong flag and every damaged file ends in one error of our own."
    good = built["train and test"][1].source
    table = built["labels in the plural"][1].source
    for words, wanted in wrong_words(good, table):
        status, out, err = command(*words)
        shown = " ".join(str(word).replace(str(good.parent), "...") for word in words)
        if status != wanted:
            yield f"expression {shown}: status {status}, expected {wanted}: {last(err) or last(out)}"
    for source in damage(folder / "damaged"):
        for name in ("data", "audit"):
            status, out, err = command(name, source)
            right = (0, 1) if source.name in ("odd", "bomb", "up", "card", "one.png") else (1,)
            if status not in right:
                yield f"{name} on the damaged {source.name}: status {status}: {last(err) or last(out)}"


# ---- training and prediction ---------------------------------------------------------------------------------------

def agreement(
    folder: Path,                  # for runs
    built: dict,                   # name -> (layout, place)
) -> Iterator[str]:
    "`audit` and `train` agree; `train` says the line; a run's `predict` takes the pictures that `data` takes."
    run = None
    for name in AGREE:
        source, options = built[name][1].source, as_flags(built[name][0].options)
        audited, _, _ = command("audit", source, *options)
        words = ["train", "--data", source, *options, *SMALL, "--out", folder / "runs"]
        with listening() as lines:
            status, out, err = command(*words)
        if status is None or (status == 0) != (audited == 0):
            yield f"{name!r}: audit leaves with {audited}, train with {status}: {last(err) or last(out)}"
        if status == 0:
            run = next((Path(line) for line in out.splitlines() if (Path(line) / "config.json").is_file()), run)
            if not any(line in out for line in lines):
                yield f"train on {name!r} does not say how the source was understood"
    if run is None:
        yield "nothing was trained, so nothing is predicted"
        return
    for name in PREDICTED:
        yield from same_pictures(run, *built[name], folder / f"{name.replace(' ', '_')}.csv")


def same_pictures(
    run: Path,                     # a finished run
    layout: object,                # a `Layout`
    place: object,                 # its `Place`
    table: Path,                   # CSV to write
) -> Iterator[str]:
    "As many rows as `data` has pictures, and the same word about what was left out."
    agreed = ["--follow-outside"] if getattr(layout, "options", {}).get("follow_outside") else []
    status, out, err = command("predict", run, place.source, *agreed, "--csv", table)
    if status != 0:
        yield f"predict on {layout.name!r}: status {status}: {last(err) or last(out)}"
        return
    rows = len(table.read_text(encoding="utf-8").splitlines()) - 1
    if rows != len(place.known):
        yield f"predict on {layout.name!r}: {rows} rows for {len(place.known)} pictures"
    if place.left and not re.search(r"left out", out + err):
        yield f"predict on {layout.name!r} does not say that {len(place.left)} files were left out"


def help_complaints() -> Iterator[str]:
    "Every command that reads data has the flags that errors name."
    for name in READING:
        status, out, _ = command(name, "--help")
        lacking = [flag for flag in FLAGS if f"--{flag}" not in out]
        if status or lacking:
            yield f"expression {name} has no --{', --'.join(lacking)}"


def complaints() -> tuple[list[str], int]:  # what is wrong; how many layouts were tried
    "All of it, with caches of its own."
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"HF_DATASETS_CACHE": f"{name}/cache", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
        folder, built = Path(name), {}
        before = os.getcwd()
        os.chdir(folder)
        try:
            found = [*layout_complaints(folder / "layouts", built), *slip_complaints(folder, built)]
            found += [*agreement(folder, built), *help_complaints()]
        finally:
            os.chdir(before)
        return [complaint.replace(name, "...") for complaint in found], len(built)


if __name__ == "__main__":
    wrong, count = complaints()
    print(*wrong, sep="\n")
    print(json.dumps({"layouts": count, "complaints": len(wrong)}))
