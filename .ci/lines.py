"""How code may look: its width, a statement a line, no branch hidden in an expression.

    python .ci/gates.py lines              counts per file
    python .ci/gates.py lines FILE...      every complaint about these files

ruff measures widths and finds statements that share a line; the small visitor below finds what ruff has no rule for:

- a conditional expression inside a conditional expression (`a if b else c if d else e`);
- arithmetic on truth values (`[row] * (n > 0)`, `"s" * bool(n)`);
- dictionaries merged inside a call (`f({**a, "b": 1})`, `f({"b": 1} | a)`).
"""
import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "expression_research"
RULES = "E501,E701,E702,E703"      # width, compound statements, semicolons
WIDEST, STUDENT = 120, 100         # columns of code: everywhere, and in what a student reads
PATH = ("14_data", "17_transforms", "21_models", "30_diagnostics", "38_engine")         # the student's notebooks
LONGEST = 700                      # lines of an exported module
HEADER = re.compile(r"File to edit: (\S+?)\.?$", re.M)


# ---- what there is to read -----------------------------------------------------------------------------------------

def notebook_of(
    module: Path,                  # an exported file of the package
) -> str:                          # stem of the notebook that it is made from, "" for a file written by hand
    "Where an exported module comes from, by its own header."
    found = HEADER.search(module.read_text(encoding="utf-8")[:2000])
    return Path(found.group(1)).stem if found else ""


def readable() -> list[Path]:
    "All code that people read: notebooks, exported modules, the studies' programs, these gates and setup.py."
    books = (PROJECT / "nbs").rglob("*.ipynb")
    files = [
        *(path for path in books if not any(part.startswith(("_", ".")) for part in path.relative_to(PROJECT).parts)),
        *(path for path in PACKAGE.glob("*.py*") if path.suffix in (".py", ".pyi") and path.name != "_modidx.py"),
        *(PROJECT / "nbs" / "studies").glob("*.py"),
        *(PROJECT / ".ci").rglob("*.py"),
        PROJECT / "setup.py",
    ]
    return sorted(files)


def first_line(
    path: Path,                    # a file
) -> int:                          # 1, or for an exported module the line of its first cell
    "Where a file's own code begins: nbdev makes what stands above the first cell."
    if path.parent != PACKAGE:
        return 1
    code = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(code, 1) if line.startswith("# %% ../")), 1)


def for_students(
    path: Path,                    # one of `readable`
) -> bool:
    "Whether a student reads it: the path's notebooks, the modules made from them, and the studies."
    made_from = notebook_of(path) if path.parent == PACKAGE else path.stem
    return path.parent.name == "studies" or made_from in PATH


def sources(
    path: Path,                    # a notebook or a Python file
) -> Iterator[tuple[str, str]]:    # (where, code without magics): one for a file, one per code cell for a notebook
    "The code of a file."
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        yield "", text
        return
    for number, cell in enumerate(json.loads(text)["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and not source.lstrip().startswith("%%"):
            yield f"cell {number} ", re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M)


# ---- what ruff has no rule for -------------------------------------------------------------------------------------

def is_truth(
    node: ast.expr,
) -> bool:                         # True for comparisons, `not`, `and`, `or` and calls that answer yes or no
    "Whether an expression is a truth value by its form."
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.Call):
        return sure_truth(node) or re.match(r"is_|exists$", getattr(node.func, "attr", "")) is not None
    return isinstance(node, ast.Compare | ast.BoolOp)


def sure_truth(
    node: ast.expr,
) -> bool:                         # True for `not x` and for Python's own functions that give a bool, never an array
    "Whether an expression is one truth value, not an array of them."
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    yes_or_no = {"bool", "isinstance", "issubclass", "callable", "hasattr", "any", "all"}
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in yes_or_no


def is_series(
    node: ast.expr,
) -> bool:                         # True for a list, a tuple, a comprehension or a string written out
    "Whether an expression is a sequence by its form."
    constant = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return constant or isinstance(node, ast.List | ast.Tuple | ast.ListComp | ast.JoinedStr)


def is_mapping(
    node: ast.expr,
) -> bool:                         # True for a dictionary written out, a comprehension or `dict(...)`
    "Whether an expression is a dictionary by its form."
    call = isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"dict", "vars", "asdict"}
    return call or isinstance(node, ast.Dict | ast.DictComp)


def merges(
    node: ast.AST,
) -> bool:                         # True for `{**a, ...}` and for `{...} | a`
    "Whether an expression merges dictionaries."
    if isinstance(node, ast.Dict):
        return None in node.keys
    union = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    return union and (is_mapping(node.left) or is_mapping(node.right))


def hidden_branches(
    code: str,                     # Python
) -> Iterator[tuple[int, str]]:    # (line, what is wrong)
    "What branches or merges inside an expression."
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.IfExp):
            if any(isinstance(part, ast.IfExp) for part in (node.test, node.body, node.orelse)):
                yield node.lineno, "a conditional expression inside another"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if sure_truth(one) or is_truth(one) and is_series(other):
                    yield node.lineno, "arithmetic on a truth value"
                    break
        elif isinstance(node, ast.Call):
            inside = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(merges(part) for part in inside):
                yield node.lineno, "dictionaries merged inside a call"


# ---- the gate ------------------------------------------------------------------------------------------------------

def widths(
    files: list[Path],             # what to look at
    columns: int,                  # the widest line
) -> Iterator[tuple[Path, str]]:   # (file, complaint)
    "What ruff says, line by line."
    if not files:
        return
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--output-format", "json",
               "--select", RULES, "--line-length", str(columns), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise RuntimeError(done.stderr.strip() or "ruff gave no answer")
    for found in json.loads(done.stdout):
        if found["location"]["row"] < first_line(Path(found["filename"])):
            continue
        cell = f"cell {found['cell'] - 1} " if found.get("cell") else ""             # ruff counts cells from one
        yield Path(found["filename"]), f"{cell}line {found['location']['row']}: {found['message']}"


def complaints(
    files: list[Path],             # of `readable`
) -> dict[Path, list[str]]:        # file -> what is wrong in it, files without complaint left out
    "Everything that is wrong with the looks of these files."
    found: dict[Path, list[str]] = {}
    narrow = [path for path in files if for_students(path)]
    wide = [path for path in files if path not in narrow]
    for path, words in [*widths(wide, WIDEST), *widths(narrow, STUDENT)]:
        found.setdefault(path, []).append(words)
    for path in files:
        for where, code in sources(path):
            for line, words in hidden_branches(code):
                found.setdefault(path, []).append(f"{where}line {line}: {words}")
            if where and code.rstrip().endswith(";"):
                found.setdefault(path, []).append(f"{where}: ends with a semicolon")
        if path.parent == PACKAGE:
            length = len(path.read_text(encoding="utf-8").splitlines())
            if length > LONGEST:
                found.setdefault(path, []).append(f"{length} lines, at most {LONGEST}: divide the room")
    return found
