"""Damages for `hard_to_hurt.ipynb`: a file of a run is changed, and every command is asked.

A damage knows which file it changed; it does not ask the product what it thinks of it.
"""
import contextlib
import io
import json
import random
import shutil
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from expression_research import cli

# ---- a command, in this process ----------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    "What a command said."
    status: int|None               # exit status; None: an exception came out of it
    out: str                       # standard output
    err: str                       # standard error, or the traceback

    @property
    def first(self) -> str:
        "The first line that matters."
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[0] if lines else ""


def ask(
    *words: object,                # after `expression`
) -> Answer:
    "Run a command in this process. What it raises is kept, and is a finding."
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.main([str(word) for word in words])
        except BaseException:
            return Answer(None, out.getvalue(), traceback.format_exc())
    return Answer(status, out.getvalue(), err.getvalue())


class TooLong(BaseException):
    "No answer in time."


@contextlib.contextmanager
def in_time(
    seconds: int = 20,
) -> Iterator[None]:
    "Raises `TooLong` in a call that does not come back."
    def late(*_: object) -> None:
        raise TooLong
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# ---- what can happen to a file -----------------------------------------------------------------


def flip_bit(path: Path, chance: random.Random) -> None:
    "One bit somewhere."
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, chance: random.Random) -> None:
    "The end is missing."
    content = path.read_bytes()
    path.write_bytes(content[:chance.randrange(len(content))])


def lengthen(path: Path, chance: random.Random) -> None:
    "Some bytes more than were written."
    content = path.read_bytes()
    path.write_bytes(content + content[-chance.randint(1, min(40, len(content))):])


def delete(path: Path, chance: random.Random) -> None:
    "It is gone."
    path.unlink()


def zero(path: Path, chance: random.Random) -> None:
    "A block of zeros, as after a power cut."
    content = bytearray(path.read_bytes())
    start = chance.randrange(len(content))
    end = min(len(content), start + 512)
    content[start:end] = bytes(end - start)
    path.write_bytes(content)


def _leaves(value: object, place: tuple = ()) -> Iterable[tuple]:
    "Where the numbers and texts of a JSON value are."
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, (*place, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(part, (*place, number))
    else:
        yield place


def _other(value: object, chance: random.Random) -> object:
    "Another value of the same type."
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 10])
    if isinstance(value, float):
        return value * chance.choice([0.5, 1.1]) + 0.25
    digits = "0123456789abcdef"
    if value and chance.random() < 0.5:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice(digits.replace(value[place], "")) + value[place + 1:]
    return value + "x"


def edit_json(text: str, chance: random.Random) -> str:
    "One leaf has another value, or two neighbours of a list change places."
    record = json.loads(text)
    place = chance.choice(list(_leaves(record)))
    parent = record
    for step in place[:-1]:
        parent = parent[step]
    if not place:
        return json.dumps(_other(record, chance))
    if isinstance(parent, list) and len(parent) > 1 and parent[0] != parent[1]:
        parent[0], parent[1] = parent[1], parent[0]
    else:
        parent[place[-1]] = _other(parent[place[-1]], chance)
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def edit_text(text: str, chance: random.Random) -> str:
    "One digit is another one."
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    place = chance.choice(digits)
    digit = chance.choice("0123456789".replace(text[place], ""))
    return text[:place] + digit + text[place + 1:]


def edit_table(path: Path, chance: random.Random) -> None:
    "One value of a prediction table."
    table = pd.read_parquet(path)
    row, column = chance.randrange(len(table)), chance.choice(list(table.columns))
    table.loc[row, column] = _other(table.loc[row, column].item() if hasattr(
        table.loc[row, column], "item") else table.loc[row, column], chance)
    table.astype(dict(zip(table.columns, pd.read_parquet(path).dtypes))).to_parquet(
        path, index=False
    )


def edit(path: Path, chance: random.Random) -> None:
    "A change after which the file can still be read as what it is."
    if path.suffix == ".parquet":
        edit_table(path, chance)
    elif path.suffix == ".json":
        path.write_text(edit_json(path.read_text(), chance))
    elif path.suffix == ".jsonl":
        lines = path.read_text().splitlines(keepends=True)
        number = chance.randrange(len(lines))
        lines[number] = json.dumps(json.loads(edit_json(lines[number], chance))) + "\n"
        path.write_text("".join(lines))
    elif path.suffix == ".safetensors":
        content = bytearray(path.read_bytes())
        header = 8 + int.from_bytes(content[:8], "little")
        content[chance.randrange(header, len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
    else:
        path.write_text(edit_text(path.read_text(), chance))


CHANGES: dict[str, Callable[[Path, random.Random], None]] = {
    "a bit": flip_bit,
    "cut": cut,
    "longer": lengthen,
    "gone": delete,
    "zeros": zero,
    "edited": edit,
}


# ---- a damage, and its judge -------------------------------------------------------------------


def neighbours(path: Path) -> list[Path]:
    "The other files of its folder."
    return sorted(one for one in path.parent.iterdir() if one.is_file() and one != path)


@dataclass(frozen=True)
class Damage:
    "What was done to which file."
    file: str                      # below the folder of runs
    kind: str                      # a name in `CHANGES`, `another run's`, `another file`, `empty`
    number: int                    # of the random choices

    def do(self, out: Path, others: Path) -> bool:
        "Damage `out`; False where nothing has changed."
        path, chance = out / self.file, random.Random(self.number)
        before = path.read_bytes()
        if self.kind == "another run's":
            shutil.copy(others / self.file, path)
        elif self.kind == "another file":
            path.write_bytes(chance.choice(neighbours(path)).read_bytes())
        elif self.kind == "empty":
            path.write_bytes(b"")
        else:
            CHANGES[self.kind](path, chance)
        return not path.is_file() or path.read_bytes() != before


def files_of(
    out: Path,                     # folder of runs
) -> list[str]:                    # below it; no locks, no pages, which are made anew
    "The files that a damage may hit."
    paths = [path for path in sorted(out.rglob("*")) if path.is_file()]
    kept = [path for path in paths if not path.name.startswith(".") and path.suffix != ".html"]
    return [path.relative_to(out).as_posix() for path in kept]


def draw_damages(
    out: Path,                     # folder of runs
    others: Path,                  # the same names, other contents
    count: int,                    # how many
    seed: int = 0,
) -> list[Damage]:
    "Random damages, every file and kind equally often."
    names, kinds = files_of(out), [*CHANGES, "another run's", "another file", "empty"]
    chance = random.Random(seed)
    drawn = []
    while len(drawn) < count:
        damage = Damage(chance.choice(names), chance.choice(kinds), chance.randrange(2**32))
        if damage.kind == "another run's" and not (others / damage.file).is_file():
            continue
        if damage.kind == "another file" and not neighbours(out / damage.file):
            continue
        drawn.append(damage)
    return drawn


def judge(
    answer: Answer,                # of a command, after the damage
    healthy: Answer,               # of the same command before
    file: str,                     # that was damaged
    made: bool = True,             # what the command wrote is what it wrote before
) -> str:                          # same, named, foreign, or silent
    "What a damage did to one command."
    said = f"{answer.out}\n{answer.err}"
    if answer.status is None or "Traceback" in said:
        return "foreign"
    if Path(file).name in said and (answer.status != 0 or answer.out.startswith("not used")):
        return "named"
    if (answer.status, answer.out) == (healthy.status, healthy.out) and made:
        return "same"
    return "silent" if answer.status == 0 else "misnamed"
