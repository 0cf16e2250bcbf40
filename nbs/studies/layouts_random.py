"""Layouts that nobody has thought of: names, depths, formats and extra files drawn by a seed.

    python nbs/studies/layouts_random.py 500         the shares, and each layout that went wrong

Every draw knows whether it is plain (it must be read), doubtful (it may be read or refused) or
impossible (it must be refused). Whatever is read must be true to the last picture.
"""
import csv
import io
import json
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from datasets import ClassLabel, DatasetDict
from layout_tools import Layout, Place, Seen, as_dataset, draw, encode, look, unaccounted

# by the rules of `datasets`: a keyword, alone or between separators or digits
WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
GIVEN = (                          # which splits there are, and how often
    (("train", "validation", "test"), 5), (("train", "test"), 4), (("train", "validation"), 2),
    (("train",), 1), ((), 4), (("test",), 1),
)
CLASS_NAMES = (
    ("happy", "neutral", "sad"), ("angry", "happy"), ("0", "1", "2"), ("1", "2", "3", "4"),
    ("Anger", "Fear", "Joy"), ("fröhlich", "müde", "zornig"), ("very happy", "very sad"),
    ("高兴", "悲伤"), ("AN", "DI", "SU"), ("01_happy", "02_sad", "10_calm"), ("n01", "n02"),
)
SUFFIXES = (                       # and the format that is written
    ("png", "PNG"), ("jpg", "JPEG"), ("JPG", "JPEG"), ("jpeg", "JPEG"), ("webp", "WEBP"),
    ("bmp", "BMP"), ("avif", "AVIF"), ("tif", "TIFF"), ("", "JPEG"), ("jpg", "PNG"),
)
FILE_NAMES = ("{n}", "{n:05}", "IMG_{n:04}", "S{n:03}_001", "a face ({n})", "fer{n:07}", "{h}")
PREFIXES, SUFFIX_WORDS = ("fer_", "my-", "faces.", "2013 "), ("_v2", "-2013", ".final", "1")
LABEL_COLUMNS = ("label", "labels", "emotion", "expression", "class", "target")
SPLIT_COLUMNS = ("split", "Usage", "usage", "partition", "subset", "set")
DECOYS = (                         # classes whose names look like splits; whether they stay plain
    (("contest", "latest", "protest"), True), (("devon", "valley", "brain"), True),
    (("trainer", "tester"), False), (("bus", "car", "train"), False), (("eval", "grin"), False),
)
ABOVE = (                          # levels above the classes that are no splits by name
    ("fold_1", "fold_2", "fold_3"), ("S001", "S002", "S003"), ("Lernen", "Prüfung"),
    ("real", "synthetic"), ("2019", "2020"),
)
WRAPPED = (
    "faces [v2]", ".cache/faces", "test/faces", "train", "ein Ordner", "été", "eval-2/x{y}",
)
BESIDE = {                         # columns that are no label: by row number
    "gender": lambda n: "mf"[n % 2], "age": lambda n: 20 + n % 7, "id": lambda n: 1000 + n,
    "filename": lambda n: f"{n}.png", "smiling": lambda n: n % 2 == 0, "score": lambda n: n / 7,
}
HEIC = b"\0\0\0\x18ftypheic" + bytes(60)
EXTRAS = (                         # name, content, why, whether it stays plain
    (".DS_Store", b"\0\0\0\1Bud1", "system", True), ("Thumbs.db", b"\xd0\xcf", "system", True),
    ("._1.png", b"\0\5\26\7" + bytes(40), "hidden", True), ("notes.txt", "later\n", "text", True),
    (".ipynb_checkpoints/9-checkpoint.png", None, "hidden", True), ("a.xml", "<a/>", "XML", True),
    ("__MACOSX/._a.png", b"\0\5\26\7" + bytes(40), "hidden", True), ("a.mp4", b"\0", "video", True),
    ("IMG_0001.HEIC", HEIC, "HEIC", False), ("loose.png", None, "no class", False),
    ("labels.npy", b"\x93NUMPY", "array", True), ("desktop.ini", "[a]\n", "system", True),
    ("IMG_1.AAE", "<plist/>", "text", True), ("logo.svg", "<svg/>", "SVG", True),
    ("a.pdf", b"%PDF-1.4", "PDF", True), ("old.zip", b"PK\3\4", "archive", True),
    ("@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", None, "system", False),
    ("404.jpg", "<html>", "unreadable", False),
)


@dataclass
class Plan:
    "What was drawn."
    number: int                    # the seed
    words: list[str] = field(default_factory=list)   # what it is, for people
    doubtful: list[str] = field(default_factory=list)  # why it may be refused
    impossible: list[str] = field(default_factory=list)  # why it must be
    parts: list[Callable[[Place], None]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        if self.impossible:
            return "impossible"
        return "doubtful" if self.doubtful else "plain"


def weighted(
    dice: Random,
    choices: Iterable[tuple[object, int]],       # a value and its weight
) -> object:
    "One of the values."
    values, weights = zip(*choices)
    return dice.choices(values, weights)[0]


def spell(
    dice: Random,
    plan: Plan,
    given: tuple[str, ...],        # splits
    folders: bool,                 # names of folders, not of files
) -> dict[str, str]:               # split -> its name here
    "One way to spell all the splits."
    case = weighted(dice, ((str.lower, 8), (str.title, 2), (str.upper, 1)))
    before = weighted(dice, (("", 9), (dice.choice(PREFIXES), 2), ("FER2013", 1)))
    after = weighted(dice, (("", 9), (dice.choice(SUFFIX_WORDS), 2), ("set", 1), ("_set", 1)))
    glued = before == "FER2013" or after == "set"
    decorated = bool(before or after)
    odd_case = case is not str.lower and not folders
    if glued or odd_case or (folders and decorated):
        plan.doubtful.append(f"splits spelled {before}{case('train')}{after}")
    named = {split: before + case(dice.choice(WORDS[split])) + after for split in given}
    plan.words.append("/".join(named.values()) or "no splits")
    return named


def share(
    given: tuple[str, ...],        # splits that are there
    split: str,
) -> int:                          # pictures of each class
    "Enough to make what is missing."
    if split != "train":
        return 2
    return 4 if len(given) == 3 else 9


def file_name(
    dice: Random,
    pattern: str,                  # one of `FILE_NAMES`
    n: int,
    suffix: str,                   # without a dot, or ""
) -> str:
    "One name."
    return pattern.format(n=n, h=f"{dice.getrandbits(64):016x}") + (f".{suffix}" if suffix else "")


# ---- folders -----------------------------------------------------------------------------------


def draw_folders(
    dice: Random,
    plan: Plan,
    given: tuple[str, ...],        # splits
) -> None:
    "Pictures in folders."
    classes, above = dice.choice(CLASS_NAMES), ()
    if dice.random() < 0.12:
        classes, clear = dice.choice(DECOYS)
        if not clear:
            plan.doubtful.append(f"classes called {', '.join(classes)}")
    elif not given and dice.random() < 0.25:
        above = dice.choice(ABOVE)
        classes = dice.choice(CLASS_NAMES[:2])   # with 1, 2, 3 nobody could know what is the class
        plan.doubtful.append(f"{', '.join(above)} above the classes")
    if classes == ("n01", "n02"):
        plan.doubtful.append("classes that are called like people")
    names = spell(dice, plan, given, folders=True)
    order = weighted(dice, (("split/class", 9), ("class/split", 1), ("deeper", 2), ("above", 1)))
    pattern = dice.choice(FILE_NAMES)
    if not given and dice.random() < 0.15:
        pattern, order = "{split}_{n}", "split/class"
        plan.doubtful.append("files are called train_1 and test_1")
        given, names = ("train", "test"), {}
    elif not given and order == "class/split":
        order = "split/class"
    if order == "class/split" and given:
        plan.impossible.append("splits inside classes")
    if order == "above":
        plan.doubtful.append("one folder too high")
    suffixes = dice.sample(SUFFIXES, dice.choice((1, 1, 3)))
    other = dice.random() < 0.1 and len(given) > 1
    if other:
        plan.doubtful.append("classes spelled otherwise in one split")
    plan.words += [order, pattern, ", ".join(classes), " ".join(s or "none" for s, _ in suffixes)]
    seed = dice.getrandbits(32)

    def build(place: Place) -> None:
        inner = Random(seed)
        for split in given or ("train",):
            for label in classes:
                called = label
                if other and split == given[-1]:
                    called = unicodedata.normalize("NFD", f"{label} ".upper())
                for n in range(share(given, split)):
                    suffix, format = inner.choice(suffixes)
                    name = file_name(inner, pattern.replace("{split}", split), n, suffix)
                    folders = _folders(order, names.get(split, ""), called, n)
                    if above:
                        folders = [above[n % len(above)], *folders]
                    place.picture("/".join([*folders, name]), label, split, format)
    plan.parts.append(build)


def _folders(
    order: str,                    # as drawn
    split: str,                    # its name, "" if there is none
    label: str,                    # the class's name
    n: int,                        # number of the picture
) -> list[str]:
    "The folders above one picture."
    levels = [name for name in (split, label) if name]
    if order == "class/split":
        return levels[::-1]
    if order == "deeper":
        return [*levels, f"part {n % 2}"]
    return ["archive", *levels] if order == "above" else levels


# ---- tables ------------------------------------------------------------------------------------


def draw_tables(
    dice: Random,
    plan: Plan,
    given: tuple[str, ...],        # splits
) -> None:
    "Parquet files."
    classes = dice.choice(CLASS_NAMES)
    label = dice.choice(LABEL_COLUMNS)
    kind = dice.choice(("names", "strings", "integers", "floats"))
    beside = dice.sample(sorted(BESIDE), dice.choice((0, 1, 2, 3)))
    how = weighted(dice, (("files", 5), ("folders", 2), ("shards", 2), ("column", 2)))
    how = how if given else how.replace("column", "files")
    column = dice.choice(SPLIT_COLUMNS)
    turned = kind == "names" and len(given) > 1 and dice.random() < 0.3 and how != "column"
    if turned:
        plan.doubtful.append("the last split lists its classes in another order")
    hole = dice.choice(("", "", "", "", "", "", "", "none", "minus one"))
    if hole and kind != "names" and not (hole == "none" and kind == "integers"):
        plan.impossible.append(f"a label that is {hole}")
    else:
        hole = ""
    if dice.random() < 0.15:
        beside.append("label" if label != "label" else "emotion")
        plan.doubtful.append("two columns that could be the label")
    if how == "column" and given:
        plan.doubtful.append(f"a column {column}")
        plan.impossible = [why for why in plan.impossible if why != "only a test split"]
        if given == ("test",):
            plan.impossible.append("only a test split")
        names = {split: dice.choice(WORDS[split]) for split in given}
    else:
        names = spell(dice, plan, given, folders=False)
    if how == "shards" and not given:
        plan.doubtful.append("data/faces-00000-of-00002.parquet: datasets reads a split `faces`")
    plan.words += [how, f"{label} as {kind}", f"beside {', '.join(beside) or 'nothing'}"]

    def build(place: Place) -> None:
        together = []
        for split in given or ("train",):
            rows = place.rows(split, share(given, split), classes)
            order = classes[::-1] if turned and split == given[-1] else classes
            made = [_row(row, n, order, label, kind, beside) for n, row in enumerate(rows)]
            if hole:
                strange = {"strings": "", "floats": -1.0, "integers": -1}[kind]
                made[1][label] = None if hole == "none" else strange
            if kind in ("integers", "floats"):
                _number_labels(place, split, classes)
            if how == "column" and given:
                for row in made:
                    row[column] = names[split]
                together += made
            else:
                _write(place, how, names.get(split, "faces"), made, kind, label, order)
        if together:
            _write(place, "files", "faces", together, kind, label, classes)
    plan.parts.append(build)


def _number_labels(
    place: Place,
    split: str,
    classes: tuple[str, ...],
) -> None:
    "The table has numbers, so the truth has them, too."
    for known in place.known.values():
        if known.split == split:
            known.label = str(classes.index(known.label))


def _row(
    row: dict,                     # image, label
    n: int,
    classes: tuple[str, ...],
    label: str,                    # name of the label column
    kind: str,                     # names, strings, integers, floats
    beside: list[str],             # other columns
) -> dict:
    "One row with the columns as drawn."
    index = classes.index(row["label"])
    value = {"names": index, "strings": row["label"], "integers": index, "floats": float(index)}
    made = {"image": row["image"]}
    for column in beside:
        made[column] = BESIDE[column](n) if column in BESIDE else n % 2
    made[label] = value[kind]
    return made


def _write(
    place: Place,
    how: str,                      # files, folders or shards
    name: str,                     # of the split
    rows: list[dict],
    kind: str,
    label: str,
    classes: tuple[str, ...],
) -> None:
    "The file or files of one split."
    kinds = {label: ClassLabel(names=list(classes))} if kind == "names" else {}
    paths = {"files": [f"{name}.parquet"], "folders": [f"{name}/a.parquet", f"{name}/b.parquet"],
             "shards": [f"data/{name}-0000{part}-of-00002.parquet" for part in range(2)]}[how]
    for part, path in enumerate(paths):
        place.parquet(path, rows[part::len(paths)], kinds)
        place.free.add(path)


def draw_csv(
    dice: Random,
    plan: Plan,
    given: tuple[str, ...],        # splits
) -> None:
    "FER2013's CSV under other headers."
    classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    column = dice.choice(("Usage", "Usage", "usage", "split", " Usage"))
    style = weighted(dice, (("FER", 4), ("words", 2)))
    fer = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}
    names = {split: fer[split] if style == "FER" else dice.choice(WORDS[split]) for split in given}
    if column.strip() != "Usage" and given:
        plan.doubtful.append(f"a column {column}")
    if style == "words" and given:
        plan.doubtful.append(f"Usage says {', '.join(names.values())}")
    separator = weighted(dice, ((",", 6), (";", 1), ("\t", 1)))
    if separator != ",":
        plan.doubtful.append("another separator than the comma")
    mark, numbered = dice.random() < 0.2, dice.random() < 0.2
    plan.words += [f"byte order mark {mark}", f"a column of row numbers {numbered}"]
    plan.words += ["FER2013's CSV", column, ", ".join(names.values()) or "no splits"]

    def build(place: Place) -> None:
        header = ["emotion", "pixels", column] if given else ["emotion", "pixels"]
        rows = []
        for split in given or ("train",):
            for number, label in enumerate(classes):
                for text in place.pixels(split, label, share(given, split)):
                    rows.append([number, text, names[split]] if given else [number, text])
        table = [header, *rows]
        if numbered:
            table = [["", *header], *([n, *row] for n, row in enumerate(rows))]
        stream = io.StringIO()
        csv.writer(stream, delimiter=separator).writerows(table)
        content = stream.getvalue().encode("utf-8-sig" if mark else "utf-8")
        place.source = place.write("fer2013.csv", content)
    plan.parts.append(build)


def draw_saved(
    dice: Random,
    plan: Plan,
    given: tuple[str, ...],        # splits
) -> None:
    "A DatasetDict, or one Dataset, written by `save_to_disk`."
    classes, label = dice.choice(CLASS_NAMES), dice.choice(LABEL_COLUMNS)
    beside = dice.sample(sorted(BESIDE), dice.choice((0, 1, 2)))
    names = {split: dice.choice(WORDS[split]) for split in given}
    unused = dice.random() < 0.15
    if unused:
        plan.impossible.append("a class without pictures")
    known = (*classes, "contempt") if unused else classes
    plan.words += ["save_to_disk", "/".join(names.values()), label, *beside]

    def build(place: Place) -> None:
        parts = {}
        for split in given or ("train",):
            rows = place.rows(split, share(given, split), classes)
            made = [_row(row, n, known, label, "names", beside) for n, row in enumerate(rows)]
            kind = {label: ClassLabel(names=list(known))}
            parts[names.get(split, split)] = as_dataset(made, kind)
        saved = DatasetDict(parts) if given else parts["train"]
        place.source = place.folder / "saved"
        saved.save_to_disk(str(place.source))
    plan.parts.append(build)


def draw_metadata(
    dice: Random,
    plan: Plan,
    given: tuple[str, ...],        # splits
) -> None:
    "Flat pictures with a table of file names and labels."
    classes, name = dice.choice(CLASS_NAMES), dice.choice(("metadata.csv", "metadata.jsonl"))
    names = {split: dice.choice(WORDS[split]) for split in given}
    column = dice.choice(("", "", "split"))
    if column and given:
        plan.doubtful.append("the table has a column split")
    lost = dice.random() < 0.15
    if lost:
        plan.doubtful.append("the table names a picture that is not there")
    plan.words += [name, "/".join(names.values()), column]

    def build(place: Place) -> None:
        tables: dict[str, list[dict]] = {}
        for split in given or ("train",):
            folder = "" if column or not given else f"{names[split]}/"
            rows = tables.setdefault(folder, [])
            for label in classes:
                for n in range(share(given, split)):
                    path = f"{classes.index(label)}{split[:2]}{n:03}.png"
                    place.picture(folder + path, label, split)
                    rows.append({"file_name": path, "label": label})
                    if column and given:
                        rows[-1][column] = names[split]
        for folder, rows in tables.items():
            if lost:
                rows.append(dict(rows[0]))
                rows[-1]["file_name"] = "gone.png"
            place.beside(folder + name, _as_text(name, rows))
    plan.parts.append(build)


def _as_text(
    name: str,                     # of the table's file
    rows: list[dict],
) -> str:
    "The table as CSV or as JSON lines."
    if name.endswith(".jsonl"):
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    stream = io.StringIO()
    csv.writer(stream).writerows([[*rows[0]], *([*row.values()] for row in rows)])
    return stream.getvalue()


def draw_place(
    dice: Random,
    plan: Plan,
) -> None:
    "Where the source lies: what stands above it says nothing."
    where = dice.choice(WRAPPED)
    linked = dice.random() < 0.3
    plan.words.append(f"below {where}" + (" and given as a link" if linked else ""))

    def build(place: Place) -> None:
        inside = Path(place.source).relative_to(place.folder)
        moved = place.folder.with_name(place.folder.name + "_up") / where
        moved.parent.mkdir(parents=True)
        place.folder.rename(moved)
        place.folder, place.source = moved, moved / inside
        if linked and inside == Path("."):
            place.source = moved.with_name("link to it")
            place.source.symlink_to(moved)
    plan.parts.append(build)


# ---- extra files -------------------------------------------------------------------------------


def draw_extras(
    dice: Random,
    plan: Plan,
) -> None:
    "Files that are no part of the data."
    chosen = dice.sample(EXTRAS, weighted(dice, ((0, 3), (1, 3), (2, 2), (4, 2))))
    plan.words += [f"+ {name}" for name, *_ in chosen]
    for name, _, why, plain in chosen:
        if not plain:
            plan.doubtful.append(f"{why} file {name}")
    places = [dice.random() for _ in chosen]
    linked = dice.random() < 0.15
    if linked:
        plan.words.append("+ a link")

    def build(place: Place) -> None:
        pictures = sorted(known.path for known in place.known.values())
        own = [path for path in pictures if (place.folder / path).is_file()]
        for (name, content, why, _), where in zip(chosen, places):
            folder = "" if why == "no class" or where < 0.4 or not own else f"{_above(own, where)}/"
            path = f"{folder}{name}"
            if (place.folder / path).exists():
                continue
            if content is None:
                content = encode(draw(60_000 + 10 * plan.number + len(name) % 10))
            place.left_out(path, content, why)
        if linked and own:
            link = Path(own[0]).with_name("again.png")
            (place.folder / link).symlink_to(Path(own[0]).name)
            place.free.add(link.as_posix())
    plan.parts.append(build)


def _above(
    paths: list[str],              # of pictures
    where: float,                  # in [0, 1)
) -> str:
    "The folder of one of them."
    return Path(paths[int(where * len(paths))]).parent.as_posix()


# ---- one layout --------------------------------------------------------------------------------


def draw_layout(
    number: int,                   # the seed
) -> tuple[Layout, Plan]:
    "A layout and how it came about."
    dice, plan = Random(number), Plan(number)
    given = weighted(dice, GIVEN)
    how = weighted(dice, (
        (draw_folders, 8), (draw_tables, 5), (draw_csv, 2), (draw_saved, 2), (draw_metadata, 2),
    ))
    if given == ("test",):
        plan.impossible.append("only a test split")
    how(dice, plan, given)
    if how is draw_folders:
        draw_extras(dice, plan)
    if dice.random() < 0.2:
        draw_place(dice, plan)

    def build(place: Place) -> None:
        for part in plan.parts:
            part(place)
    build.__doc__ = "; ".join(plan.words)
    refuse = None if plan.kind == "plain" else ()
    accept = plan.kind != "impossible"
    source = ("drawn", f"seed {number}")
    return Layout(f"random {number}", plan.kind, source, build, accept, refuse, ("*",)), plan


def look_at(
    number: int,                   # the seed
    folder: Path,                  # where to build it
) -> tuple[Seen, Plan]:
    "Build one, read it, judge it: pictures, labels, and every file."
    row, plan = draw_layout(number)
    seen = look(row, folder)
    source = seen.place.source
    if seen.data is not None and source.is_dir() and source.name != "saved":
        missing = unaccounted(seen.place, seen.data)
        seen.faults += [f"neither used nor counted: {path}" for path in missing]
        if missing and seen.verdict == "right":
            seen.verdict = "files not mentioned"
    return seen, plan


def shares(
    looks: Iterable[tuple[Seen, Plan]],
) -> dict[tuple[str, str], int]:   # (plain, doubtful or impossible; verdict) -> how many
    "What became of them."
    return dict(Counter((plan.kind, seen.verdict) for seen, plan in looks))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as everything:
        looks = [look_at(number, Path(everything)) for number in range(int(sys.argv[1]))]
    for (kind, verdict), count in sorted(shares(looks).items()):
        print(f"{count:4} {kind}: {verdict}")
    for seen, plan in looks:
        if not seen.right:
            why = "; ".join(plan.impossible + plan.doubtful)
            words = "; ".join(plan.words)
            print(f"{plan.number} [{words}] ({why}) {seen.verdict}: {'; '.join(seen.faults)[:300]}")
