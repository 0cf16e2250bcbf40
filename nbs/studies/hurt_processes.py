"""Attacks on processes for `hard_to_hurt.ipynb`: streams, unfinished files, workers and signals.

As in [`hurt_outputs.py`](hurt_outputs.py), each case returns the first line of the answer, and
`judged` looks at what is left.
"""
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from expression_research import core
from hurt_outputs import Attack, first_line, output_attacks, removed, seen, typed

PROGRAM = [sys.executable, "-m", "expression_research.cli"]
TINY = "--model tinyvgg --side 32 --hidden-units 4 --threads 1 --device cpu"

# ---- unfinished files --------------------------------------------------------------------------


def _planted(link: str) -> str:
    "A link lies where a careless writer would put its unfinished file."
    Path(link).symlink_to("theirs.csv")
    try:
        return typed("predict RUN photo.png --csv fresh.csv")
    finally:
        Path(link).unlink(missing_ok=True)


def _debris(name: str, goes: bool) -> str:
    "An unfinished file of a process that is gone is cleaned up; anybody else's stays."
    Path("new").mkdir()
    Path("new", name).write_text("half")
    def act() -> str:
        code = f"from expression_research.core import write_json as w; w({'new/a.json'!r}, 1)"
        subprocess.run([sys.executable, "-c", code], check=True)
        return "ok" if Path("new", name).exists() != goes else "still there, or taken away"
    return removed(act, "new")


def _dead_process() -> int:
    "The number of a process that has ended."
    done = subprocess.Popen(["true"])
    done.wait()
    return done.pid


# ---- processes ---------------------------------------------------------------------------------


def _left(group: int) -> list[str]:
    "Processes of that group which still run."
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "-g", str(group)], capture_output=True, text=True
    ).stdout.splitlines()
    return [line for line in listed if line.strip() and not line.startswith("Z")]


def _heard() -> None:
    "No signal is ignored, as it would be below `nohup`."
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def stopped(
    number: signal.Signals,
    words: str,                    # after `expression`
    after: str|float,              # a first word on the standard output; or seconds
    group: bool = False,           # the signal goes to all processes, as from a terminal
) -> str:                          # exit status, last line of the message
    "A process gets a signal; its workers and its temporary folders must go."
    Path("temporary").mkdir()
    changed = {"TMPDIR": str(Path("temporary").resolve()), "PYTHONUNBUFFERED": "1"}
    environment = os.environ | changed
    process = subprocess.Popen(
        [*PROGRAM, *shlex.split(words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
        preexec_fn=_heard,
    )
    out = ""
    try:
        if isinstance(after, str):
            for line in process.stdout:
                if line.startswith(after):
                    break
        else:
            time.sleep(after)
        (os.killpg if group else os.kill)(process.pid, number)
        out, err = process.communicate(timeout=40)
        deadline = time.time() + 5
        while _left(process.pid) and time.time() < deadline:
            time.sleep(0.2)
        workers = _left(process.pid)
        rest = [path.name for path in Path("temporary").iterdir()]
    except subprocess.TimeoutExpired:
        return "hangs: 40 s after the signal"
    finally:
        if _left(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree("temporary", ignore_errors=True)
    early = not isinstance(after, str) and "/expression_research/" not in err
    if early and "Traceback" in err:
        return f"exit {process.returncode}: the interpreter was not yet there"
    if "Traceback" in out + err or "Exception" in err:
        return f"foreign: {err.strip().splitlines()[-1]}"
    if workers or rest:
        return f"left: {[*workers, *rest][0]}"
    said = "; ".join(line.strip() for line in err.strip().splitlines()[:2])
    return f"exit {process.returncode}: {said}"


def most_workers(jobs: int, divisions: int) -> str:
    "How many processes a cross-validation with `--jobs` had at once."
    words = f"crossval --data faces {TINY} --plan all:10 --folds {divisions} --repeats 1"
    with subprocess.Popen(
        [*PROGRAM, *shlex.split(words), "--jobs", str(jobs), "--out", "cv"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        most = 0
        while process.poll() is None:
            most = max(most, sum("loky" in line and "tracker" not in line
                                 for line in _left(process.pid)))
            time.sleep(0.2)
    if process.returncode or most > divisions:
        return f"exit {process.returncode}, {most} workers"
    return f"ok: {most} workers"


def log_grows() -> str:
    "A redirected training is read while it runs: every line is there when it was printed."
    with open("log.txt", "w") as log, subprocess.Popen(
        [*PROGRAM, *shlex.split(f"train --data faces {TINY} --plan all:60 --out logged")],
        stdout=log,
        stderr=subprocess.DEVNULL,
    ) as process:
        lengths = set()
        while process.poll() is None:
            content = Path("log.txt").read_text()
            if content and not content.endswith("\n"):
                return "half a line in the log"
            lengths.add(content.count("\n"))
            time.sleep(0.02)
    return "ok" if len(lengths) > 10 and process.returncode == 0 else f"{len(lengths)} lengths"


def odd_classes() -> str:
    "Class names that a plotting library, a page or a spreadsheet would read: train, report."
    def act() -> str:
        shutil.copytree("faces", "odd")
        names = {"sad": "$x_{", "happy": "<script>alert(1)<", "neutral": "=1+1"}
        for split in ("train", "validation", "test"):
            for name, odd in names.items():
                Path("odd", split, name).rename(Path("odd", split, odd))
        said = seen("train", "--data", "odd", *TINY.split(), "--plan", "all:1", "--out", "cv")
        run = next(path for path in Path("cv").iterdir() if path.is_dir())
        for words in (["report", f"{run}"], ["evaluate", f"{run}", "--csv", "cv/sheet.csv"]):
            said = seen(*words) if said.startswith("exit 0") else said
        if "<script>" in (run / "report.html").read_text().lower():
            return "a script in a page"
        return said
    return removed(act, "odd")


def at_once(
    *lines: str,                   # after `expression`
    whole: str,                    # a Python expression that is true of what they leave
) -> str:                          # both exit statuses
    "Commands that start together, without ONNX, which takes seconds; each is done or says why not."
    without = "import sys; sys.modules['onnxscript'] = None; "
    code = f"{without}from expression_research.cli import main; sys.exit(main())"
    program = [sys.executable, "-c", code]
    running = [
        subprocess.Popen([*program, *shlex.split(line)], stderr=subprocess.PIPE, text=True,
                         stdout=subprocess.DEVNULL)
        for line in lines
    ]
    said = [one.communicate(timeout=300)[1].strip() for one in running]
    states = [one.returncode for one in running]
    if any(state and not words.startswith("error: ") for state, words in zip(states, said)):
        return f"foreign: {said}"
    from expression_research import export, statement
    if 0 not in states or not eval(whole, {"export": export, "statement": statement}):
        return f"not whole: {states}, {said}"
    return f"ok: {states}"


# ---- streams -----------------------------------------------------------------------------------


def shell(line: str) -> str:
    "In a shell of its own; `expression` stands for the program."
    line = line.replace("expression", shlex.join(PROGRAM), 1)
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        timeout=300,
    )
    out, err = (text.decode("utf-8", "backslashreplace") for text in (done.stdout, done.stderr))
    return first_line(done.returncode, out, err)


SHELL = {                          # how the answer begins
    "expression --help > /dev/full": "exit 1: error",
    "expression --help >&-": "exit 0",
    "expression --help | true": "exit ",
    "expression train --help > /dev/full": "exit 1: error",
    "expression train --help >&-": "exit 0",
    "expression train --help | head -1": "exit ",
    "expression bogus 2> /dev/full": "exit 2",
    "expression bogus >&- 2>&-": "exit 2",
    "expression data faces > /dev/full": "exit 1: error",
    "expression data faces >&-": "exit 0",
    "expression data faces >&- 2>&-": "exit 0",
    "expression data faces <&-": "exit 0",
    "expression data faces | head -1": "exit ",
    "expression data faces 2>&1 >&- | head -0": "exit ",
    "expression evaluate RUN > /dev/full": "exit 1: error",
    "expression evaluate RUN >&-": "exit 0",
    "expression predict RUN photo.png > /dev/full": "exit 1: error",
    "PYTHONIOENCODING=ascii expression data faces": "exit 0",
    "LC_ALL=C PYTHONUTF8=0 expression predict RUN photo.png": "exit 0",
    "ulimit -f 0; expression predict RUN photo.png --csv small.csv": "exit 1: error",
    "ulimit -f 0; expression explain RUN photo.png --out page.html": "exit 1: error",
    "ulimit -f 0; expression verify RUN --statement small.json": "exit 1: error",
    "ulimit -f 4; expression export RUN small": "exit 1: error",
    "expression explain RUN photo.png > /dev/full": "exit 1: error",
    "expression publish exported anna/x --dry-run > /dev/full": "exit 1: error",
    "expression publish exported anna/x --dry-run >&-": "exit 0",
    "expression publish exported anna/x --dry-run | head -1": "exit ",
    f"ulimit -f 20; expression train --data faces {TINY} --plan all:1 --out cv": "exit 1: error",
}


def _writing() -> list[Attack]:
    "Links and debris where unfinished files lie."
    pid, dead = os.getpid(), _dead_process()
    links = ["fresh.csv.partial", ".fresh.csv.partial", f".fresh.csv.{pid}.partial",
             "fresh.csv.tmp", ".fresh.csv.tmp", "fresh.csv~", f"fresh.csv.{pid}"]
    mark = core._machine_mark()
    found = [
        Attack("unfinished files", f"a link called {link.replace(str(pid), 'PID')}",
               partial(_planted, link), ("exit 0",), ("fresh.csv",))
        for link in links
    ]
    debris = {
        f".a.json.{mark}-{dead}-{'0' * 16}.partial": True,
        f".a.json.{mark}-{pid}-{'0' * 16}.partial": False,
        f".a.json.000000-{dead}-{'0' * 16}.partial": False,
        "film.mkv.partial": False,
        ".film.mkv.partial": False,
    }
    words = ("of a dead process", "of a living process", "of another machine", "of a browser",
             "of another program")
    return found + [
        Attack("unfinished files", word, partial(_debris, name, goes), ("ok",))
        for word, (name, goes) in zip(words, debris.items())
    ]


def _signals() -> list[Attack]:
    "Every signal that asks a program to end, at several times."
    training = f"train --data faces {TINY} --plan all:3000 --out cv"
    crossing = f"crossval --data faces {TINY} --plan all:60 --folds 4 --repeats 9 --jobs 2 --out cv"
    job = "run --data faces --side 32 --weights none --out cv"
    found = []
    for words, first in ((training, "epoch   2"), (crossing, "repeat"), (job, "epoch")):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            end = f"exit {128 + number}: stopped; every whole"
            for group in (False,) if words is job else (False, True):
                whom = "the whole group" if group else "the process"
                found.append(Attack(
                    "signals", f"{number.name} to {whom} of {words.split()[0]}",
                    partial(stopped, number, words, first, group), (end,), ("cv/*",), True,
                ))
    later = {"export RUN cv/one": "faces:", "app RUN --no-browser --port 0": "http"}
    for words, first in later.items():
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            found.append(Attack(
                "signals", f"{number.name} to {words.split()[0]}",
                partial(stopped, number, words, first),
                (f"exit {128 + number}: stopped",), ("cv/*",), True,
            ))
    early = [0.0, 0.1, 0.5, 2.0]
    quiet = ("exit -2:", "exit 130:", "exit 1: the interpreter", "exit 0:")    # 0: it had ended
    found += [
        Attack("signals", f"Ctrl-C after {seconds} s of {words.split()[0]}",
               partial(stopped, signal.SIGINT, words, seconds, True), quiet, ("cv/*",), True)
        for seconds in early
        for words in ("data faces", training)
    ]
    return found


def _processes() -> list[Attack]:
    "Workers, logs and streams."
    found = [
        Attack("streams", line, partial(shell, line), (right,), ("cv/*",), "--help" not in line)
        for line, right in SHELL.items()
    ]
    found += [
        Attack("workers", f"--jobs {jobs} for {divisions} folds",
               partial(most_workers, jobs, divisions), ("ok",), ("cv/*",), True)
        for jobs, divisions in ((64, 2), (2, 3))
    ]
    one = "export RUN cv/one"
    known = "statement.read_statement('RUN', 'cv/s.json')"
    found += [
        Attack("at once", "export and export, of one run to one place",
               partial(at_once, one, one, whole="export.read_export('cv/one')"),
               ("ok",), ("cv/*",), True),
        Attack("at once", "three exports over an older one",
               partial(at_once, *["export RUN exported-before"] * 3,
                       whole="export.read_export('exported-before')"),
               ("ok",), ("exported-before/*",), True),
        Attack("at once", "verify and verify, one statement",
               partial(at_once, *["verify RUN --statement cv/s.json"] * 2, whole=known),
               ("ok",), ("cv/*",), True),
    ]
    return found + [
        Attack("logs", "a redirected training, read while it runs", log_grows, ("ok",),
               ("log.txt", "logged/*"), True),
        Attack("names", "classes called $x_{ and =1+1 and <script>", odd_classes, ("exit 0",),
               ("cv/*",), True),
    ]


def attacks() -> list[Attack]:
    "All of them, on outputs and on processes."
    return [*output_attacks(), *_writing(), *_processes(), *_signals()]
