"""What `layouts.py` needs: a place to build data in, and a judge of what was read.

A builder writes files and says of each one, as it writes it, what is right: in which split a
picture belongs and what it shows, or that the file is no picture and why. Nothing here asks the
readers how they would understand a name; pictures are known again by their pixels.
"""
import csv
import hashlib
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow
from datasets import Dataset, Features
from PIL import Image

SPLITS = ("train", "validation", "test")
CLASSES = ("happy", "neutral", "sad")
COUNTS = {"train": 4, "validation": 2, "test": 2}  # pictures of each class, where a row is split
POOL = 8                           # pictures of each class, where a row is not


# ---- pictures ----------------------------------------------------------------------------------


def draw(
    number: int,                   # another number, another picture
    side: int = 16,                # pixels, a multiple of 4
) -> Image.Image:                  # RGB
    "A stand-in for a photograph: 16 squares of random colours, unlike every other one."
    colours = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(np.kron(colours, np.ones((side // 4, side // 4, 1), np.uint8)))


def encode(
    image: Image.Image,            # any mode that the format can hold
    format: str = "PNG",           # by Pillow's names
) -> bytes:                        # a file
    "A picture as a file."
    stream = io.BytesIO()
    image.save(stream, format)
    return stream.getvalue()


def identity(
    image: Image.Image,            # decoded
) -> str:                          # 16 hexadecimal digits
    "A picture's name by its pixels, in colours whatever the file held."
    pixels = np.asarray(image.convert("RGB"))
    content = repr(pixels.shape).encode() + pixels.tobytes()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def canonical(
    label: object,                 # a class as somebody spells it
) -> str:
    "One spelling for names that differ by case, blanks, the form of an umlaut, or `3.0` for 3."
    text = unicodedata.normalize("NFC", str(label)).strip().casefold()
    return re.sub(r"^(-?\d+)\.0+$", r"\1", text)


@dataclass
class Known:
    "What is true of one picture."
    split: str                     # where it belongs; `train` also where no split was given
    label: str                     # what it shows
    path: str                      # where it lies, for the complaint


# ---- the place ---------------------------------------------------------------------------------


class Place:
    "A folder in the making, and the truth about it."

    def __init__(self,
        folder: Path,              # to make
    ):
        folder.mkdir(parents=True)
        self.folder = folder
        self.source: Any = folder  # what is given to `load_expressions`
        self.known: dict[str, Known] = {}        # identity of a picture that must be used
        self.left: dict[str, str] = {}           # file that must be counted as left out -> why
        self.together: list[list[str]] = []      # identities that no made split may separate
        self.free: set[str] = set()              # files that may be used, left out or neither
        self._drawn = 0

    # ---- files -------------------------------------------------------------------------------

    def write(self,
        path: str,                 # below the folder
        content: bytes | str,      # of the file
    ) -> Path:
        "A file with its folders."
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def left_out(self,
        path: str,                 # below the folder
        content: bytes | str,      # of the file
        why: str,                  # in a word
    ) -> None:
        "A file that is no picture of the data set: it must be counted."
        self.write(path, content)
        self.left[path] = why

    def beside(self,
        path: str,                 # below the folder
        content: bytes | str,      # of the file
    ) -> None:
        "A table, a card: it may be used to read the others, or be left out."
        self.write(path, content)
        self.free.add(path)

    # ---- pictures ----------------------------------------------------------------------------

    def draw(self) -> Image.Image:
        "The next picture, unlike all before."
        self._drawn += 1
        return draw(self._drawn)

    def know(self,
        content: bytes,            # an encoded picture
        split: str,                # where it belongs
        label: str,                # what it shows
        path: str,                 # where it lies
    ) -> str:                      # its identity
        "Remember a picture that must be used."
        name = identity(Image.open(io.BytesIO(content)))
        self.known[name] = Known(split, str(label), path)
        return name

    def picture(self,
        path: str,                 # below the folder
        label: str,                # what it shows
        split: str = "train",      # where it belongs
        format: str = "PNG",       # by Pillow's names
    ) -> str:                      # its identity
        "A picture in a file of its own."
        content = encode(self.draw(), format)
        self.write(path, content)
        return self.know(content, split, label, path)

    def tree(self,
        pattern: str,              # with {split}, {label}, {n}, such as "{split}/{label}/{n}.png"
        names: Mapping[str, str] | Iterable[str] = SPLITS,  # split -> its name here
        classes: Mapping[str, str] | Iterable[str] = CLASSES,  # class -> its name here
        *,
        counts: Mapping[str, int] = COUNTS,      # pictures of each class in each split
        format: str = "PNG",       # by Pillow's names
    ) -> None:
        "Pictures in folders: every class in every split."
        spelled = names if isinstance(names, Mapping) else {name: name for name in names}
        called = classes if isinstance(classes, Mapping) else {name: name for name in classes}
        for split, split_name in spelled.items():
            for label, label_name in called.items():
                for n in range(1, counts[split] + 1):
                    path = pattern.format(split=split_name, label=label_name, n=n)
                    self.picture(path, label, split, format)

    def pool(self,
        pattern: str = "{label}/{n}.png",        # with {label}, {n}
        classes: Mapping[str, str] | Iterable[str] = CLASSES,  # class -> its name here
        count: int = POOL,         # pictures of each class
        *,
        format: str = "PNG",       # by Pillow's names
    ) -> None:
        "Pictures in folders of classes, with no word about splits."
        self.tree(pattern, ["train"], classes, counts={"train": count}, format=format)

    # ---- tables ------------------------------------------------------------------------------

    def rows(self,
        split: str = "train",      # where they belong
        count: int | None = None,  # of each class; None: `COUNTS`
        classes: Iterable[str] = CLASSES,        # what they show
    ) -> list[dict[str, Any]]:     # image (bytes and path) and label
        "Pictures for a table."
        made = []
        for label in classes:
            for n in range(COUNTS[split] if count is None else count):
                content, path = encode(self.draw()), f"{split}-{label}-{n}.png"
                self.know(content, split, label, path)
                made.append({"image": {"bytes": content, "path": path}, "label": label})
        return made

    def pixels(self,
        split: str,                # where they belong
        label: str,                # what they show
        count: int,                # how many
    ) -> list[str]:                # numbers 0 to 255, 256 of them, joined by blanks
        "Grey pictures as FER2013's CSV writes them."
        texts = []
        for n in range(count):
            grey = self.draw().convert("L")
            self.know(encode(grey), split, label, f"{split}-{label}-{n}")
            texts.append(" ".join(map(str, grey.tobytes())))
        return texts

    def parquet(self,
        path: str,                 # below the folder
        rows: list[dict[str, Any]],    # from `rows`, perhaps with more columns
        kinds: Mapping[str, Any] = {}, # types of columns other than image; None: as pyarrow guesses
    ) -> None:
        "A Parquet file as `datasets` writes it."
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        as_dataset(rows, kinds).to_parquet(str(target))

    def csv(self,
        path: str,                 # below the folder
        header: str,               # its first line as it stands
        rows: Iterable[Iterable[object]],        # values
    ) -> None:
        "A CSV file that is the data, or a part of it."
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(rows)
        self.write(path, f"{header}\n{stream.getvalue()}")


def as_dataset(
    rows: list[dict[str, Any]],    # with image, and other columns
    kinds: Mapping[str, Any] = {}, # types of columns; those not named are guessed by pyarrow
) -> Dataset:
    "Rows as `datasets` holds them."
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    kind = {name: kinds.get(name) or _guessed(values) for name, values in columns.items()}
    return Dataset.from_dict(columns, features=Features(kind))


def _guessed(
    values: list[Any],             # of one column
) -> Any:                          # a feature
    "Pictures where there are bytes, else what pyarrow makes of the values."
    if isinstance(values[0], dict):
        return datasets.Image()
    return datasets.features.features.generate_from_arrow_type(pyarrow.array(values).type)


# ---- one row of the table ----------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    "Data as somebody has them, and what is right."
    name: str                      # of the row
    family: str                    # the kind of mistake it invites
    source: tuple[str, str]        # title and address of where people have it
    build: Callable[[Place], None] # makes it
    accept: bool                   # may be read
    refuse: tuple[str, ...] | None # may be refused, with all of these (regular expressions) said
    classes: tuple[str, ...]       # in order; "?" before one: only which are the same; "*": any
    options: Mapping[str, Any] = field(default_factory=dict)  # for `load_expressions`

    @property
    def story(self) -> str:
        "What it is, in a sentence."
        return (self.build.__doc__ or "").strip().splitlines()[0]


@dataclass
class Seen:
    "What happened to one layout."
    layout: Layout
    place: Place
    verdict: str                   # one of `VERDICTS`
    faults: list[str]              # what is wrong, one line each
    data: Any = None               # what `load_expressions` gave
    message: str = ""              # of the error

    @property
    def right(self) -> bool:
        return self.verdict in ("right", "refused well")


PICTURES = ("(HEIC)", "(no class)", "(broken link)")  # left out without a word, these are a loss
VERDICTS = (
    "right",                       # read, all of it true
    "refused well",                # one error that says what is needed
    "files not mentioned",         # read and true, but files that are no pictures are not counted
    "silently wrong",              # read, and not true
    "refused poorly",              # right to refuse, but the error does not help
    "refused, though it is plain", # wrong to refuse
    "foreign error",               # an exception that is not the project's
)


def load(
    place: Place,                  # as built
    options: Mapping[str, Any],    # for `load_expressions`
) -> Any:                          # an `ExpressionData`
    "What the project makes of it."
    from expression_research.data import load_expressions
    return load_expressions(place.source, **options)


def look(
    layout: Layout,                # to try
    folder: Path,                  # where to build it
    reader: Callable = load,       # of the place with the options
) -> Seen:
    "Build one layout, read it, judge."
    from expression_research.core import ConfigError, DataError
    place = Place(folder / layout.name.replace(" ", "_"))
    layout.build(place)
    try:
        data = reader(place, layout.options)
    except (ConfigError, DataError) as error:
        return _refused(layout, place, str(error))
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        if "unexpected keyword argument" in first:             # in the days before there was one
            return Seen(layout, place, "refused poorly", ["there is no such flag"], message=first)
        return Seen(layout, place, "foreign error", [f"{type(error).__name__}: {first[:200]}"])
    untrue, silent = faults(layout, place, data)
    if not layout.accept:
        seen = describe(data)
        return Seen(layout, place, "silently wrong", [f"read as {seen}", *untrue], data)
    verdict = "right"
    if untrue or any(why in fault for fault in silent for why in PICTURES):
        verdict = "silently wrong"
    elif silent:
        verdict = "files not mentioned"
    return Seen(layout, place, verdict, untrue + silent, data)


def _refused(
    layout: Layout,
    place: Place,
    message: str,                  # of the error
) -> Seen:
    "A refusal: was it right, and did it help?"
    if layout.refuse is None:
        verdict = "refused, though it is plain"
        return Seen(layout, place, verdict, [message[:300]], message=message)
    lacking = [word for word in layout.refuse if not re.search(word, message, re.I | re.S)]
    if lacking:
        missing = [f"does not say {' or '.join(word.split('|'))}" for word in lacking]
        return Seen(layout, place, "refused poorly", missing, message=message)
    return Seen(layout, place, "refused well", [], message=message)


def describe(
    data: Mapping[str, Dataset],   # by split
) -> str:                          # such as "train 12, test 6: happy, sad"
    "Splits and classes in a line."
    sizes = ", ".join(f"{split} {len(rows)}" for split, rows in data.items())
    return f"{sizes}: {', '.join(map(str, next(iter(data.values())).features['label'].names))}"


# ---- the judge ---------------------------------------------------------------------------------


def found_pictures(
    data: Mapping[str, Dataset],   # by split, with image and label
) -> list[tuple[str, str, str]]:   # identity, split, class of each row
    "Every row by its pixels."
    rows = []
    for split, part in data.items():
        names = part.features["label"].names
        for image, label in zip(part["image"], part["label"]):
            rows.append((identity(image), split, names[label]))
    return rows


def left_out_files(
    data: Any,                     # an `ExpressionData`
) -> list[tuple[str, str]]:        # path and reason
    "What was left out, from today's attribute or that of former days."
    unreadable = [(row["path"], row["note"]) for row in data.origin.left_out]
    others = getattr(data.origin, "left_out_files", ())
    return unreadable + [(str(path), str(reason)) for path, reason in others]


def covers(
    told: Iterable[str],           # paths of files or folders that were named
    path: str,                     # below the source
) -> bool:
    "Whether a file is among them, by itself or with its folder."
    wanted = unicodedata.normalize("NFC", path)
    folders = [str(parent) for parent in Path(wanted).parents if str(parent) != "."]
    for name in told:
        named = unicodedata.normalize("NFC", name).rstrip("/")
        if any(named == part or named.endswith("/" + part) for part in (wanted, *folders)):
            return True
    return False


def faults(
    layout: Layout,
    place: Place,
    data: Any,                     # an `ExpressionData`
) -> tuple[list[str], list[str]]:  # what is untrue; which files are not mentioned
    "Everything that is wrong with what was read."
    rows = found_pictures(data)
    regroup = bool(layout.options.get("regroup"))
    untrue = split_faults(place, rows, regroup)
    untrue += label_faults(layout, place, data, rows)
    untrue += _separated(place, rows)
    told = [path for path, _ in left_out_files(data)]
    silent = [f"not mentioned: {path} ({why})" for path, why in place.left.items()
              if not covers(told, path)]
    used = {known.path for known in place.known.values()} - set(place.left)
    silent += [f"said to be left out, but a picture: {path}" for path in told if path in used]
    return untrue, silent


def split_faults(
    place: Place,
    rows: list[tuple[str, str, str]],  # from `found_pictures`
    regroup: bool = False,         # the splits were made anew, as asked
) -> list[str]:
    "Pictures that are missing, double, foreign, or where they do not belong."
    given = {known.split for known in place.known.values()}
    counted, wrong = Counter(name for name, _, _ in rows), Counter()
    for name, split, _ in rows:
        known = place.known.get(name)
        if known is None:
            wrong["pictures that are no part of the data"] += 1
        elif regroup or split == known.split or (known.split == "train" and split not in given):
            continue
        else:
            wrong[f"{known.split} pictures in {split}"] += 1
    lost = [known.path for name, known in place.known.items() if name not in counted]
    if lost:
        wrong[f"pictures lost, such as {lost[0]}"] = len(lost)
    twice = sum(counted[name] > 1 for name in place.known)
    if twice:
        wrong["pictures more than once"] = twice
    return [f"{count} {what}" for what, count in wrong.items()]


def label_faults(
    layout: Layout,
    place: Place,
    data: Mapping[str, Dataset],
    rows: list[tuple[str, str, str]],  # from `found_pictures`
) -> list[str]:
    "A wrong list of classes, and pictures under a wrong name."
    names = [canonical(name) for name in next(iter(data.values())).features["label"].names]
    if layout.classes == ("*",):   # those that the builder has used, in any order
        names, used = sorted(names), {canonical(known.label) for known in place.known.values()}
        layout = replace(layout, classes=tuple(sorted(used)))
    wanted = [canonical(name.lstrip("?")) for name in layout.classes]
    shown = ", ".join(names)
    only_same = any(name.startswith("?") for name in layout.classes)
    pairs = {(canonical(place.known[name].label), canonical(label))
             for name, _, label in rows if name in place.known}
    if only_same:
        one_to_one = len({a for a, _ in pairs}) == len(pairs) == len({b for _, b in pairs})
        wrong = not one_to_one or len(names) != len(wanted)
        return [f"classes {shown}: expected {len(wanted)} by the right column"] if wrong else []
    if names != wanted:
        return [f"classes {shown}: expected {', '.join(wanted)}"]
    mixed = sum(a != b for a, b in pairs)
    return [f"{mixed} pairs of classes are mixed up"] if mixed else []


def _separated(
    place: Place,
    rows: list[tuple[str, str, str]],
) -> list[str]:
    "Copies that a split made here has separated."
    where = {name: split for name, split, _ in rows}
    apart = [group for group in place.together
             if len({where[name] for name in group if name in where}) > 1]
    return [f"{len(apart)} groups of copies are in more than one split"] if apart else []


def unaccounted(
    place: Place,
    data: Any,                     # an `ExpressionData`
    holders: Iterable[str] = (),   # files that hold the pictures: tables
) -> list[str]:                    # files neither used nor counted
    "Every file below the source is used or counted."
    told = [path for path, _ in left_out_files(data)]
    seen = {name for name, _, _ in found_pictures(data)}
    used = {known.path for name, known in place.known.items() if name in seen} | set(holders)
    files = []
    for top, _, names in os.walk(place.folder):
        files += [(Path(top) / name).relative_to(place.folder).as_posix() for name in names]
    return sorted(path for path in files
                  if path not in used and path not in place.free and not covers(told, path))
