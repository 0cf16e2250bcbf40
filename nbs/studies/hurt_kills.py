"""Kills for `hard_to_hurt.ipynb`: a command dies at one of its events, and is typed again.

An event is a step of training, a file that is opened, or a place in a write: half of a file
written, all of it written, before and after it gets its name. Each command runs in a process of
its own.
"""
import contextlib
import hashlib
import io
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from expression_research import cli, core, engine

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["expression_research.cli", "expression_research.mainjob"])

# ---- in the process that dies ------------------------------------------------------------------


class Deadline:
    "Counts events and kills the process at one of them; 0 is never."

    def __init__(self, number: int):
        self.number, self.seen, self.deaf = number, [], False

    def event(self, kind: str) -> None:
        "One more."
        if self.deaf:
            return
        self.seen.append(kind)
        if len(self.seen) == self.number:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextlib.contextmanager
    def not_counting(self) -> Iterator[None]:
        "What is opened inside the block is no event."
        self.deaf = True
        try:
            yield
        finally:
            self.deaf = False

    def opened(self, name: str, arguments: tuple) -> None:
        "An audit hook: a file below the working folder, or of no folder, is opened."
        path = arguments[0] if name == "open" else None
        if isinstance(path, str) and (not path.startswith("/") or path.startswith(os.getcwd())):
            self.event("open")


def _watch_requests(deadline: Deadline) -> None:
    "Every request to the Hub is an event before it is sent and when it was answered."
    import httpx
    send = httpx.Client.send

    def watched(*arguments: object, **options: object) -> object:
        deadline.event("before a request")
        answer = send(*arguments, **options)
        deadline.event("after a request")
        return answer

    httpx.Client.send = watched


def command(
    folder: str,                   # where it is typed
    words: list[str],              # after `expression`
    number: int,                   # of the event that kills it; 0: none
    listener: Connection|None = None,  # is sent (exit status, the events, both outputs)
) -> None:
    "A command whose every write, every step and every file that it opens is an event."
    while "=" in words[0]:         # as a shell takes HF_TOKEN=... before a command
        name, _, value = words[0].partition("=")
        os.environ[name], words = value, words[1:]
    os.chdir(folder)
    tempfile.tempdir = str(Path(folder).parent)
    deadline, rename, flush, step = Deadline(number), os.replace, core.flush, engine.train_step

    def flush_in_halves(path: Path) -> None:
        if path.is_file():
            with deadline.not_counting():
                whole = path.read_bytes()
                path.write_bytes(whole[:len(whole) // 2])
            deadline.event("half written")
            with deadline.not_counting():
                path.write_bytes(whole)
            deadline.event("written")
        flush(path)

    def replace(source: str, target: str, **options: object) -> None:
        deadline.event("before its name")
        rename(source, target, **options)
        deadline.event("after its name")

    def train_step(*arguments: object, **options: object) -> object:
        deadline.event("step")
        return step(*arguments, **options)

    exchange = core._exchanged

    def exchanged(*folders: Path) -> bool:
        deadline.event("before its name")
        done = exchange(*folders)
        deadline.event("after its name")
        return done

    os.replace, core.flush, engine.train_step = replace, flush_in_halves, train_step
    core._exchanged = exchanged
    if words[0] == "publish":
        _watch_requests(deadline)
    sys.addaudithook(deadline.opened)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        status = cli.main(words)
    deadline.deaf = True
    if listener is not None:
        listener.send((status, deadline.seen, out.getvalue()))


def typed(
    folder: Path,                  # where
    words: Iterable[str],          # after `expression`
    number: int = 0,               # of the event that kills it
    seconds: float = 240.0,        # after which it counts as hanging
) -> tuple[int|None, list[str], str]:  # exit status (negative: killed; None: hangs), events, output
    "Type a command in a process of its own."
    here, there = processes.Pipe()
    process = processes.Process(target=command, args=(str(folder), list(words), number, there))
    process.start()
    there.close()
    said: tuple[int|None, list[str], str] = (0, [], "")
    with contextlib.suppress(EOFError):
        if here.poll(seconds):
            said = here.recv()
    process.join(10)
    if process.is_alive():
        process.kill()
        return None, [], ""
    return (process.exitcode, [], "") if process.exitcode else said


# ---- what is left on the disk ------------------------------------------------------------------

# what differs between two healthy repetitions, too: times, the machine, the ledger's clock
RESTLESS = ("timing.csv", "environment.json", "seal.json", "ledger.jsonl", "summary.json")
PAGES = (".html", ".svg")


def tree(
    folder: Path,
    all_of_it: bool = False,       # with what never is the same twice
) -> dict[str, str]:               # file -> hash
    "The files below a folder, locks and caches left out."
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or path.name.endswith(".lock") or "__pycache__" in name:
            continue
        if not all_of_it and (path.name in RESTLESS or path.suffix in PAGES):
            found[name] = "there"
        else:
            found[name] = hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
    return found


@dataclass(frozen=True)
class Kill:
    "What became of a command that was killed."
    command: str
    event: int                     # at which it died, counted from 1
    lost: list[str]                # files that were there before it, and are gone or changed
    status: int|None               # of the same command, typed again
    differs: list[str]             # files that are not those of a run that was never disturbed
    said: str                      # by the second call

    @property
    def verdict(self) -> str:
        "fine, or what is wrong."
        if self.lost:
            return "lost"
        if self.status is None:
            return "hangs"
        if "Traceback" in self.said:
            return "foreign"
        return "differs" if self.differs else "fine"


def undisturbed(
    start: Path,                   # the place as it is before the command
    place: Path,                   # a copy of it, made and removed here
    words: list[str],
) -> tuple[list[str], dict[str, str]]:  # the events in their order, files
    "The command from beginning to end."
    shutil.copytree(start, place, symlinks=True)
    status, events, said = typed(place, words)
    files = tree(place)
    shutil.rmtree(place)
    if status != 0:
        raise AssertionError(f"{words}: {status}, {said}")
    return events, files


def drawn_events(
    events: list[str],             # of `undisturbed`
    most: int,                     # how many are wanted
) -> list[int]:                    # sorted, counted from 1
    "Places in writes and steps first, then files that are opened."
    chance = random.Random(len(events))
    marked = [number for number, kind in enumerate(events, 1) if kind != "open"]
    opened = [number for number, kind in enumerate(events, 1) if kind == "open"]
    chosen = chance.sample(marked, min(most, len(marked)))
    rest = min(most - len(chosen), len(opened))
    return sorted(chosen + chance.sample(opened, rest))


def killed(
    start: Path,                   # as for `undisturbed`
    place: Path,                   # as for `undisturbed`
    words: list[str],
    event: int,
    files: dict[str, str],         # of `undisturbed`
    own: str = "",                 # where the command changes files that were there: a resumed run
) -> Kill:
    "Kill it, look, type it again, look."
    shutil.copytree(start, place, symlinks=True)
    before = tree(place, all_of_it=True)
    died, _, _ = typed(place, words, event)
    after = tree(place, all_of_it=True)
    lost = [name for name in before if after.get(name) != before[name]]
    if own:                        # what they become is compared below
        lost = [name for name in lost if not name.startswith(own)]
    status, _, said = typed(place, words)
    now = tree(place)
    shutil.rmtree(place)
    differs = [name for name in sorted({*files, *now}) if files.get(name) != now.get(name)]
    if died != -signal.SIGKILL:
        status = None if died is None else status
        said = f"was not killed, but ended with {died}"
    return Kill(words[0], event, lost, status, differs, said)
