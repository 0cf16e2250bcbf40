"""Every public function and class, called with wrong and extreme values: what leaves it?

    python nbs/studies/wrong_values.py comparison charts    # without a name: all rooms

Only this project's errors may leave a call, or a `TypeError` of Python itself for arguments that do
not fit the signature, or what somebody else's code raises that was given to the call. A call has
`SECONDS` seconds. Each module is tried in a process of its own, in an empty folder that is removed
afterwards, without network; what it prints is thrown away.
"""

import copy
import importlib
import inspect
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
import types
import typing
import warnings
from contextlib import _GeneratorContextManager, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import PIL
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

PACKAGE = "expression_research"
SECONDS = 20                       # of work that one call may take
ROOM = 3 * 2**30                   # bytes that a module may take beyond what its imports took
LEFT_OUT = {                       # not called, and why
    "cli.main": "a right call trains; its words are tried by `hurt_inputs.py`",
    "crossval.crossval_experiment": "a right call trains for minutes",
    "crossval.tables_by_epoch": "a right call trains for minutes",
    "experiments.run_experiment": "a right call trains for minutes",
    "folds.cross_validate": "a right call trains for minutes",
    "mainjob.run_main_job": "a right call trains for minutes",
    "tuning.tune": "a right call trains for minutes",
}
DOCUMENTED = {                     # Python's own errors that a docstring promises
    "core.flush": OSError,         # `replacing` calls it and says which file
    "core.read_regular": OSError,  # each caller says what the file was for
    "files.read_file": OSError,    # likewise
    "pixels.open_picture": PIL.UnidentifiedImageError,     # `datasets` and Pillow raise it, too
    "pixels.decode_picture": PIL.UnidentifiedImageError,
}


set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "hypothesis")


class Hang(BaseException):
    "A call took longer than `SECONDS`."


@contextmanager
def at_most(
    seconds: float,                # of this process's own work, whatever else the machine does
):
    "Raises `Hang` inside the block when it takes longer."
    def stop(number, frame):
        raise Hang
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# ---- values --------------------------------------------------------------------------------------

def prediction_table(
    rows: int = 6,
    classes: int = 3,
) -> pd.DataFrame:
    "A healthy table of predictions."
    logits = np.random.default_rng(0).normal(size=(rows, classes)).astype(np.float32)
    columns = {
        "sample_id": [f"face{row:02d}" for row in range(rows)],
        "split": "validation",
        "label": np.arange(rows, dtype=np.int64) % classes,
    }
    columns |= {f"logit_{place}": logits[:, place] for place in range(classes)}
    return pd.DataFrame(columns)


def broken_tables() -> list[pd.DataFrame]:
    "Tables of predictions with one fault each."
    def changed(**columns):
        return prediction_table().assign(**columns)
    return [
        changed(logit_1=np.float32(np.nan)),
        changed(logit_1=np.float32(np.inf)),
        changed(label=np.int64(7)),
        changed(label=np.int64(-1)),
        changed(label="happy"),
        changed(sample_id="same"),
        changed(sample_id=0),
        changed(logit_0="a"),
        changed(split=None),
        prediction_table(0),
        prediction_table().drop(columns="label"),
        prediction_table().drop(columns="logit_0"),
        prediction_table().set_index("sample_id"),
    ]


class Opaque:
    "An object that nobody knows, whose text is no help."
    def __repr__(self) -> str:
        raise ValueError("no text")


@cache
def strange() -> list:
    "Wrong for nearly everything."
    return [*strange_numbers(), *strange_texts(), *strange_collections(), *strange_objects()]


def strange_numbers() -> list:
    "Too large, too small, not whole, not finite, not numbers after all."
    huge = [10**9, -(10**9), 10**18, 10**400, 1e308, 1e-308]
    endless = [float("nan"), float("inf"), float("-inf"), np.float64("nan")]
    small = [True, False, -1, 0, 0.5, -0.5, 7.0, 1 + 2j, np.int64(3), np.bool_(True)]
    return [*small, *huge, *endless]


def strange_texts() -> list[str]:
    "Empty, too long, control characters, markup, formulas, paths, numbers."
    marked = ["$x^2$", "$", "<script>alert(1)</script>", "'\"", "=cmd()", "*" * 50 + "("]
    unfit = ["", " ", "a\0b", "a\nb", "\x1b[31mred", "\udce9", "x" * 10_000]
    plain = ["a", "nan", "-1", "1e999", "../../up", "/", "/dev/null", "~", "no/such"]
    return [*plain, *marked, *unfit]


def strange_collections() -> list:
    "Empty, of the wrong kind or length, with a wrong element, without an end."
    lists = [[], [None], [0], [-1, 2], ["a"], ["a", "a"], ["$", "<b>"], [1, "a"], [[1, 2], [3]]]
    others = [(), (0, 1), (1, 0), (None, None), set(), {"a"}, range(3), range(10**12), iter([1, 2])]
    mappings = [{}, {"a": None}, {"a": 1.0}, {"a": float("nan")}, {1: 2}, {"train": -1}]
    return [*lists, [float("nan")] * 3, [10**400], *others, *mappings, {"train": 10**9}]


def strange_objects() -> list:
    "Nothing, bytes, classes, arrays, tensors and tables of all shapes, paths."
    import torch
    arrays = [
        np.array([]),
        np.array(3.0),
        np.array(["a", "b"]),
        np.array([None, 1], dtype=object),
        np.zeros((2, 2)),
        np.zeros((0, 3)),
        np.full((3, 3), np.nan),
        np.full((2, 3), -1),
        np.zeros((2, 3, 4, 5), np.uint8),
        np.arange(3),
        np.ones((1, 1)),
    ]
    scalar = torch.tensor(float("nan"))
    tensors = [torch.zeros(0), scalar, torch.zeros(2, 3), torch.full((2, 2), -5)]
    mixed = pd.DataFrame({"value": [np.nan], "low": ["x"], "high": [None]})
    tables = [pd.DataFrame(), pd.DataFrame({"a": [1]}), mixed, pd.Series([1, 2]), *broken_tables()]
    paths = [Path(name) for name in ("no/such", ".", "/dev/null", "x" * 400, "a\0b")]
    return [None, b"\xff", Opaque(), Opaque, int, *arrays, *tensors, *tables, *paths]


def usual(
    hint: object,                  # an annotation
) -> list:                         # values that fit it, or nothing
    "What somebody would give."
    import torch
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return usual(parts[0])
    if origin is typing.Literal:
        return list(parts)
    if origin in (typing.Union, types.UnionType):
        return [value for part in parts for value in usual(part)]
    name = getattr(origin or hint, "__name__", str(hint))
    table, pixels = prediction_table(), np.zeros((2, 3, 24, 24), np.uint8)
    known = {
        **of_guards(name),
        "int": [1, 2, 3, 64],
        "float": [0.05, 0.5, 1.0],
        "str": ["A", "validation", "all:1", "tinyvgg", "cpu"],
        "bool": [True, False],
        "NoneType": [None],
        "Path": [Path("made")],
        "DataFrame": [table, table.assign(value=0.5, low=0.4, high=0.6)],
        "ndarray": [np.arange(6).reshape(2, 3), np.eye(3), np.arange(6) % 3, pixels],
        "Tensor": [torch.zeros(2, 3, 16, 16), torch.zeros(2, dtype=torch.int64), torch.rand(2, 3)],
        "Module": [torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(768, 3))],
        "Mapping": [{"A": 0.5, "B": 0.2}, {"A": table, "B": table}, {"A": 3}],
        "dict": [{"A": 0.5, "B": 0.2}, {"A": table, "B": table}, {"A": 3}],
        "Sequence": [["a", "b", "c"], [1, 2, 3], [0.1, 0.2], [(0.1, 0.2)] * 2],
        "list": [["a", "b", "c"], [1, 2, 3], [0.1, 0.2]],
        "Iterable": [["a", "b", "c"], [1, 2, 3]],
        "tuple": [(0.1, 0.2), (1, 2), ("A", "B"), (0.1, 0.2, 0.3)],
        "device": [torch.device("cpu")],
    }
    return known.get(name, [])


@cache
def of_guards(
    name: str,                     # of an annotation
) -> dict[str, list]:              # the name -> values of that class; empty for any other
    "What the checks of a training look at: healthy ones, and some with a fault."
    if name not in ("Look", "WatchedRun", "RunState", "Pass", "Reading", "Portions", "Optimizer"):
        return {}
    import torch
    parts = ("batches", "looks", "readings", "setups", "traces")
    room = {part: importlib.import_module(f"{PACKAGE}.{part}") for part in parts}
    loader = room["setups"].small_loaders().train
    model = room["setups"].small_network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    state = types.SimpleNamespace(
        model=model, optimizer=optimizer, loss_fn=torch.nn.CrossEntropyLoss(), scheduler=None,
        results={"train_loss": [1.0], "train_acc": [0.5], "test_loss": [1.0], "test_acc": [0.5]},
        first_epoch=0, last_epoch=1, epoch=0, step=1, batch=next(iter(loader)),
        loss=torch.tensor(1.0), table=None, stop=False,
    )
    run = room["looks"].WatchedRun(state, loader, loader)
    hurt = copy.copy(state)
    hurt.results, hurt.batch, hurt.optimizer = {}, None, 3
    made = {
        "Optimizer": lambda: [optimizer],
        "RunState": lambda: [state, hurt],
        "WatchedRun": lambda: [run, room["looks"].WatchedRun(hurt, 3, "x")],
        "Pass": lambda: [room["traces"].read_loader(loader), room["traces"].Pass(*[None] * 8)],
        "Reading": lambda: [room["readings"].read_split(loader)],
        "Portions": lambda: [room["batches"].Portions(*one) for one in ((33, 16, 1), (0, 0, "x"))],
        "Look": lambda: looks(room["looks"], room["setups"]),
    }
    return {name: made[name]()}


def looks(
    room: types.ModuleType,        # `looks`
    setups: types.ModuleType,
) -> list:
    "A finished look, one that has not looked, one whose every field is wrong."
    parts = setups.healthy()
    faulty = parts | {"train_dataloader": [], "loss_fn": 3, "stored": [None, None]}
    return [
        room.take_look(room.Look(**parts)),
        room.Look(**parts),
        room.Look(**faulty),
        room.Look(*[None] * 5, train=[1], valid="x", logits=3, facts=None, probe=7, samples="s"),
    ]


def values_for(
    hint: object,                  # an annotation
) -> st.SearchStrategy:
    "Wrong, extreme, or now and then right, so that the next argument is reached, too."
    drawn = st.one_of(st.integers(), st.floats(), st.text(max_size=8))
    fitting = usual(hint)
    if not fitting:
        return st.one_of(one_of(strange()), drawn)
    return st.one_of(one_of(fitting), one_of(strange()), drawn)


def one_of(
    values: list,
) -> st.SearchStrategy:
    "Any of these, drawn by its place: hypothesis could not compare or print some of them."
    return st.integers(0, len(values) - 1).map(lambda place: values[place])


# ---- calls ---------------------------------------------------------------------------------------

def public(
    module: str,                   # such as "comparison"
) -> dict[str, typing.Callable]:   # name -> function or class
    "What a module offers that can be called."
    room = importlib.import_module(f"{PACKAGE}.{module}")
    found = {name: getattr(room, name) for name in room.__all__}
    hints = (types.GenericAlias, types.UnionType, typing._GenericAlias)    # such as `Source`
    calls = {name: one for name, one in found.items() if callable(one)}
    return {name: one for name, one in calls.items() if not isinstance(one, hints)}


def left_out(
    module: str,                   # such as "comparison"
) -> dict[str, str]:               # name -> reason
    "What of a module is not called."
    reasons = {}
    for name, thing in public(module).items():
        if getattr(thing, "_is_protocol", False):
            reasons[name] = "a protocol, which nobody makes"
        elif inspect.isclass(thing) and issubclass(thing, BaseException):
            reasons[name] = "an error itself"
        elif f"{module}.{name}" in LEFT_OUT:
            reasons[name] = LEFT_OUT[f"{module}.{name}"]
    return reasons


def modules() -> list[str]:
    "All exported modules."
    folder = Path(importlib.import_module(PACKAGE).__file__).parent
    return sorted(path.stem for path in folder.glob("[!_]*.py"))


def arguments(
    thing: typing.Callable,        # a function or class
) -> st.SearchStrategy:            # of (positional, named)
    "Values for the parameters that must be given, and for some of the others."
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):    # of something that is written in C
        return st.just(((), {}))
    target = thing.__init__ if inspect.isclass(thing) else thing
    try:
        hints = typing.get_type_hints(inspect.unwrap(target), include_extras=True)
    except Exception:
        hints = {}
    needed, further = {}, {}
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        where = needed if parameter.default is parameter.empty else further
        where[name] = values_for(hints.get(name, typing.Any))
    return st.fixed_dictionaries(needed, optional=further)


def short(
    value: object,
) -> str:                          # at most 60 characters
    "A value in a report."
    if isinstance(value, pd.DataFrame):
        return f"DataFrame{value.shape}"
    if isinstance(value, np.ndarray):
        return f"array{value.shape}:{value.dtype}"
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else text[:57] + "..."


def places(
    error: Exception,
) -> list[str]:                    # files, from the call to where it was raised
    "Where an error passed through, without this file."
    steps = traceback.extract_tb(error.__traceback__)
    return [step.filename for step in steps if step.filename != __file__]


def is_of_python(
    error: Exception,
) -> bool:
    "Whether Python itself refused the call, because the arguments do not fit the signature."
    inside = [name for name in places(error) if not name.endswith("arguments.py")]
    words = ("argument", "abstract")
    return isinstance(error, TypeError) and not inside and any(word in str(error) for word in words)


def is_of_others(
    error: Exception,
    named: dict,                   # the arguments of the call
) -> bool:
    "Whether code that was given to the call raised it, such as a model that takes other images."
    others = [value for value in named.values() if not isinstance(value, type)]
    given_code = any(callable(value) or hasattr(value, "__next__") for value in others)
    return given_code and f"{os.sep}{PACKAGE}{os.sep}" not in (places(error) or [""])[-1]


def outcome(
    thing: typing.Callable,
    named: dict,
    promised: tuple = (),          # exceptions that its docstring announces
) -> tuple[str, str]:              # the exception's name and message; ("", "") when all is well
    "What leaves one call."
    core = importlib.import_module(f"{PACKAGE}.core")
    try:
        with at_most(SECONDS):
            answer = thing(**named)
            if isinstance(answer, _GeneratorContextManager):
                with answer:
                    pass
            elif inspect.isgenerator(answer) or hasattr(type(answer), "__next__"):
                next(answer, None)
    except core.ExpressionError as error:
        text = str(error)
        if len(text) > 2000:
            return "LongMessage", f"{len(text)} characters"
        return "", ""
    except promised:
        return "", ""
    except Hang:
        return "Hang", f"more than {SECONDS} s"
    except Exception as error:
        fine = is_of_python(error) or is_of_others(error, named)
        return ("", "") if fine else (type(error).__name__, str(error))
    except SystemExit as error:
        return "SystemExit", str(error)
    return "", ""


def tried(
    module: str,                   # such as "comparison"
    examples: int = 60,            # calls of each function and class
) -> list[dict]:                   # one row per kind of failure: name, problem, message, given
    "All that a module offers, called with what hypothesis draws, the same every time."
    found = {}
    options = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    skipped = left_out(module)
    for name, thing in public(module).items():
        if name not in skipped:
            options(given(arguments(thing))(caller(f"{module}.{name}", thing, found)))()
    return list(found.values())


def row_of(
    name: str,                     # such as "comparison.compare"
    problem: str,                  # the exception's name, `Hang`, or how a process ended
    message: str,                  # what it said
    given: str = "",               # the arguments
) -> dict[str, str]:
    "One failure."
    return {"name": name, "problem": problem, "message": message, "given": given}


def caller(
    title: str,                    # such as "comparison.compare"
    thing: typing.Callable,        # the function or class of that name
    found: dict,                   # (title, kind of problem) -> row; filled
) -> typing.Callable[[dict], None]:
    "What hypothesis calls again and again."
    def call(named: dict) -> None:
        if "--inside" in sys.argv:     # the last line tells which call crashed the process
            print(title, file=sys.__stderr__, flush=True)
        promised = DOCUMENTED.get(title, ())
        problem, message = outcome(thing, named, promised)
        if problem and (title, problem) not in found:
            words = ", ".join(f"{key}={short(value)}" for key, value in named.items())
            found[title, problem] = row_of(title, problem, short(message), words)
    return call


def in_own_process(
    module: str,
    examples: int = 60,
    seconds: float = 600,
) -> list[dict]:                   # rows of `tried`
    "`tried` in a fresh process and an empty folder; its crash or hang is a row, too."
    with tempfile.TemporaryDirectory() as folder:
        surroundings = os.environ | {
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": f"{folder}/hub",
            "TQDM_DISABLE": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(map(str, filter(None, sys.path))),
        }
        command = [sys.executable, str(Path(__file__).resolve()), "--inside", module, str(examples)]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=surroundings,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as late:
            text = (late.stderr or b"").decode(errors="replace").split()
            return [row_of(text[-1] if text else module, "Hang", "of the process")]
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()]
        return [row_of(module, f"exit {done.returncode}", " | ".join(last[-3:]))]
    return json.loads(done.stdout.splitlines()[-1])


def inside(
    module: str,
    examples: int,
) -> None:
    "The fresh process: limits, the calls, one line of JSON."
    warnings.simplefilter("ignore")
    importlib.import_module(f"{PACKAGE}.{module}")
    strange()
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**28, 2**28))
    random.seed(0)
    with open(os.devnull, "w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        rows = tried(module, examples)
    print(json.dumps(rows))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], int(sys.argv[3]))
        sys.exit()
    total = 0
    for each in sys.argv[1:] or modules():
        for row in in_own_process(each):
            total += 1
            print(" | ".join(row.values()), flush=True)
    print(f"{total} failures")
