#!/usr/bin/env python3
"""The project's gates: what `nbdev_test` lets through, checked one by one.

    python .ci/gates.py GATE [ARGUMENT...]      run in the project's environment, anywhere in the checkout

A gate prints one line of what it looked at and leaves with 0, or one line per complaint and leaves with 1.
`.ci/run` runs them all. `copy` and `same` need only the standard library and git.
"""
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = "expression_research"
DEVELOPER_TOOLS = tuple(
    "nbdev execnb fastcore IPython ipykernel ipywidgets jupyterlab jupytext nbconvert nbclient nbformat ruff pytest "
    "latex2mathml playwright hypothesis".split()
)
DIRECTIVES = set(
    "export exporti exports default_exp hide hide_input hide_output echo eval slow online gpu notest "
    "code-fold code-summary output warning label fig-cap".split()
)
MACHINE_PATH = re.compile(
    r"(?<![\w.:/-])(?:/(?:home|root|Users|tmp|work|private|var|opt|mnt|usr)/[\w.-]+|[A-Z]:\\+(?:Users|Temp)\b)"
)
SHELL = re.compile(r"^\s*(?:[\w, ]+=\s*)?!\s*\w|^\s*%%?(?:sx|system)\b", re.M)
HEADER = re.compile(r"File to edit: (\S+?)\.?$", re.M)                               # nbdev writes it into each module

# What a module must not reach, directly or through others: the loop knows no images on disk and no model class.
ON_DISK = set(
    "faces samples formats splits pixels data copies audit auditing loaders transforms weights models features".split()
)
OUT_OF_REACH = {"engine": ON_DISK}
NOT_LOADED = {"engine": ("datasets", "torchvision", "matplotlib", "sklearn")}           # by importing it alone


class Broken(Exception):
    "A gate that does not hold; its arguments are the complaints, one a line."


def require(
    complaints: list[str],         # what is wrong, empty when nothing is
    looked_at: str,                # one line for the reader when nothing is wrong
) -> str:                          # `looked_at`
    "The end of a gate: complain, or say what was looked at."
    if complaints:
        raise Broken(*complaints)
    return looked_at


def run(
    command: list[str],            # program and arguments
    folder: Path = PROJECT,        # working folder
    **environment: str,            # variables to set on top of the present ones
) -> subprocess.CompletedProcess:  # with returncode, and stdout and stderr together in stdout
    "One command, its output kept; the exit status is for the caller to judge."
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, text=True, encoding="utf-8", errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )


def program(
    name: str,                     # such as "nbdev_test"
) -> str:                          # its path beside this interpreter, so that no other installation answers
    "A program of this environment."
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise Broken(f"no program named {name} in this environment")
    return found


def last_line(
    text: str,                     # output of a program
) -> str:                          # its last line that is not blank, or ""
    "What a program said last, which for a traceback is the error."
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


# ---- the tree ------------------------------------------------------------------------------------------------------

def tree(
    folder: Path,                  # a git checkout
) -> list[str]:                    # paths relative to it, sorted: tracked files and new ones that git does not ignore
    "The files that make up the project as it stands in this folder."
    command = ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    return sorted({name for name in listed.decode().split("\0") if name and (folder / name).is_file()})


def copy_tree(
    source: Path,                  # a git checkout
    target: Path,                  # folder to make
) -> None:
    "The project's files as they stand, changes that are not committed included, and nothing that git ignores."
    for name in tree(source):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target / name)


def differences(
    before: Path,                  # a git checkout
    after: Path,                   # another one
) -> list[str]:                    # one line per file that was changed, made or removed
    "How two checkouts differ, by the bytes of their files."
    old, new = set(tree(before)), set(tree(after))
    def content(path: Path) -> bytes:
        return path.read_bytes().replace(b"\r\n", b"\n")         # Windows' line ends are no difference
    changed = {name for name in old & new if content(before / name) != content(after / name)}
    found = {"changed": changed, "made": new - old, "removed": old - new}
    return [f"{how}: {name}" for how, names in found.items() for name in sorted(names)]


def copy(source: str, target: str) -> str:
    "A clone that keeps the history, with the files as they stand in the source."
    source, target = Path(source), Path(target)
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(source), str(target)], check=True)
    copy_tree(source, target)
    subprocess.run(["git", "-C", str(target), "reset", "--quiet"], check=False)   # an empty history stays empty
    return require(differences(source, target), f"{len(tree(target))} files")


def same(before: str, after: str) -> str:
    "Installing, running and testing leave the project's own files alone."
    return require(differences(Path(before), Path(after)), f"{len(tree(Path(after)))} files are as they were")


# ---- notebooks -----------------------------------------------------------------------------------------------------

def notebooks(
    folder: Path = PROJECT,        # the checkout
) -> list[Path]:                   # numbered notebooks first, sorted; never one whose name or folder starts with _ or .
    "Every notebook of the project, by the rule that nbdev uses."
    def hidden(path: Path) -> bool:
        return any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)
    found = sorted(path for path in (folder / "nbs").rglob("*.ipynb") if not hidden(path))
    if not found:
        raise Broken(f"no notebook under {folder.name}/nbs")
    return found


def cells(
    path: Path,                    # a notebook
    kind: str = "code",            # "code" or "markdown"
) -> list[tuple[int, str, list]]:  # (number in the notebook, source, outputs)
    "The cells of one kind."
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    wanted = [(i, cell) for i, cell in enumerate(found) if cell["cell_type"] == kind]
    return [(i, "".join(cell["source"]), cell.get("outputs", [])) for i, cell in wanted]


def directives(
    source: str,                   # of a code cell
) -> list[str]:                    # such as ["export", "slow"]
    "The names after `#|`."
    return re.findall(r"^\s*#\s*\|\s*([\w-]+)", source, re.M)


def python_of(
    source: str,                   # of a code cell
) -> ast.Module:
    "The cell as a syntax tree, without magics."
    if source.lstrip().startswith("%%"):
        return ast.parse("")
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M))


def output_text(
    output: dict,                  # of a code cell, as the notebook stores it
) -> str:                          # everything in it that is text, without embedded pictures
    "What a reader sees of an output."
    shown = [value for key, value in output.get("data", {}).items() if key.startswith("text/")]
    parts = [output.get("text", ""), *shown]
    return re.sub(r"data:image/[\w+]+;base64,[\w+/=\s]+", "", "\n".join("".join(part) for part in parts))


def count() -> str:
    "How many notebooks nbdev_test collects and runs, by nbdev's own functions."
    from nbdev.config import get_config
    from nbdev.doclinks import nbglob
    from nbdev.frontmatter import FrontmatterProc
    from nbdev.process import NBProcessor
    os.chdir(PROJECT)
    skipped = set(get_config().tst_flags.split())
    def runs(path: Path) -> bool:
        front = getattr(NBProcessor(path, procs=FrontmatterProc, process=True).nb, "frontmatter_", {})
        if str(front.get("skip_exec", False)).lower() in ("true", "1") or (path.parent / ".notest").exists():
            return False
        return any(source.strip() and not skipped & set(directives(source)) for _, source, _ in cells(path))
    ran = [path for path in nbglob(as_path=True) if runs(path)]
    return require([] if ran else ["nbdev_test has no notebook to run"], str(len(ran)))


def cell_complaints(
    source: str,                   # of a code cell
    outputs: list,                 # its stored outputs
) -> list[str]:
    "What is unfit in one cell."
    complaints = [f"nbdev knows no directive #| {name}" for name in directives(source) if name not in DIRECTIVES]
    comments = re.findall(r"^#\s*(export|hide|slow|online|gpu)\s*$", source, re.M)
    complaints += [f"'# {name}' is only a comment, write '#| {name}'" for name in comments]
    if SHELL.search(source):
        complaints.append("a shell escape cannot fail a test: use subprocess.run(..., check=True)")
    for output in outputs:
        if output["output_type"] == "error":
            complaints.append(f"stored error {output.get('ename')}")
        paths = MACHINE_PATH.finditer(output_text(output))
        complaints += [f"output names the path {match.group(0)}" for match in paths]
    return complaints


def check_notebooks() -> str:
    "No stored error, machine path, misspelt directive or shell escape (one that fails passes nbdev_test), and outputs."
    complaints = []
    for path in notebooks():
        found, name = cells(path), path.relative_to(PROJECT).as_posix()
        for i, source, outputs in found:
            complaints += [f"{name} cell {i}: {words}" for words in cell_complaints(source, outputs)]
        if found and not any(outputs for _, _, outputs in found):
            complaints.append(f"{name}: no cell has a stored output, so it was not executed")
    return require(complaints, f"{len(notebooks())} notebooks")


def check_lines(*names: str) -> str:
    "Widths, a statement a line, no branch hidden in an expression, no room over 700 lines; names: each complaint."
    import lines
    files = [Path(name).resolve() for name in names] or lines.readable()
    found = lines.complaints(files)
    total = sum(len(words) for words in found.values())
    report = [f"{total} complaints in {len(found)} of {len(files)} files"] if found else []
    for path, words in sorted(found.items()):
        name = path.relative_to(PROJECT).as_posix()
        report += [f"{name}: {word}" for word in words] if names else [f"{len(words):4} {name}: {words[0]}"]
    return require(report, f"{len(files)} files, at most {lines.WIDEST} columns, {lines.STUDENT} where students read")


# ---- layers --------------------------------------------------------------------------------------------------------

def rooms() -> dict[str, Path]:    # module -> notebook, for instance {"config": nbs/train/23_recipe.ipynb}
    "Which notebook each exported module comes from, by the header that nbdev writes."
    found = {}
    for file in sorted((PROJECT / PACKAGE).glob("*.py")):
        header = HEADER.search(file.read_text(encoding="utf-8")[:2000])
        if header and not file.stem.startswith("_"):
            found[file.stem] = Path(os.path.normpath(file.parent / header.group(1)))
    return found


def level(
    notebook: Path,
) -> int:                          # such as 38 for nbs/train/38_engine.ipynb; 100 for one without a number
    "The layer of a notebook."
    match = re.match(r"(\d+)_", notebook.name)
    return int(match.group(1)) if match else 100


def flat_names() -> dict[str, str]:  # public name -> module that defines it
    "The names that `expression_research` offers by itself, without importing it."
    tree = ast.parse((PROJECT / PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(target, "id", "") == "_HOME":
            return ast.literal_eval(node.value)
    return {}


def statements(
    module: ast.AST,               # a file, or part of one
) -> Iterator[ast.AST]:            # without what stands in functions or under `if TYPE_CHECKING:`
    "What runs when a module is imported."
    for node in ast.iter_child_nodes(module):
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not later and not checking:
            yield node
            yield from statements(node)


def imported(
    nodes: Iterator[ast.AST],      # `ast.walk(...)`, or `statements(...)` for what is imported at once
) -> set[str]:                     # such as {"core", "data"}; "" stands for the package itself
    "The project's modules that this code imports; a name of the flat interface counts as the module behind it."
    names, home = set(), flat_names()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = f"{PACKAGE}.{node.module or ''}".rstrip(".") if node.level else node.module
            names |= {f"{base}.{alias.name}" for alias in node.names} if base == PACKAGE else {base}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            if getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
                names.add(str(node.args[0].value))
    ours = [name.split(".") for name in names if name and name.split(".")[0] == PACKAGE]
    return {home.get(parts[1], parts[1]) if len(parts) > 1 else "" for parts in ours}


def reach(
    module: str,                   # such as "engine"
    graph: dict[str, set[str]],    # module -> what it imports when it is imported
) -> dict[str, list[str]]:         # each module that it loads -> the way there
    "What importing one module loads."
    ways, waiting = {module: [module]}, [module]
    while waiting:
        name = waiting.pop()
        for other in sorted(graph.get(name, set()) - set(ways)):
            ways[other] = [*ways[name], other]
            waiting.append(other)
    return ways


def notebook_imports() -> Iterator[str]:
    "Complaints on cells that import what does not stand below their notebook."
    home = rooms()
    for path in notebooks():
        own = {module for module, notebook in home.items() if notebook == path}
        for i, source, _ in cells(path):
            exported = bool({"export", "exporti", "exports"} & set(directives(source)))
            for other in imported(ast.walk(python_of(source))) & set(home):
                if other not in own and level(home[other]) >= level(path) and level(path) < 100:
                    yield f"{path.name} cell {i} imports {other}, which stands above it ({home[other].name})"
                if exported and own == {other}:
                    yield f"{path.name} cell {i} imports its own module"


def layers() -> str:
    "Code and examples import only from lower-numbered notebooks; the engine reaches no images and no model class."
    home = rooms()
    complaints, graph = list(notebook_imports()), {}
    for file in sorted((PROJECT / PACKAGE).glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        graph[file.stem] = imported(statements(tree))
        if file.stem.startswith("_"):
            continue
        if file.stem not in home or level(home[file.stem]) == 100:
            complaints.append(f"{file.name} comes from no numbered notebook")
            continue
        for other in imported(ast.walk(tree)) & set(home):
            below = level(home[other]) < level(home[file.stem])
            beside = home[other] == home[file.stem] and other != file.stem
            if not below and not beside:
                complaints.append(f"{file.name} imports {other}, which does not stand below it")
    for module, forbidden in OUT_OF_REACH.items():
        ways = reach(module, graph)
        complaints += [f"{module} reaches {name}: {' -> '.join(ways[name])}" for name in sorted(forbidden & set(ways))]
    for module, heavy in NOT_LOADED.items():
        complaints += loaded_by(f"{PACKAGE}.{module}", heavy)
    return require(complaints, f"{len(home)} modules: " + ", ".join(sorted(home, key=lambda name: level(home[name]))))


def loaded_by(
    module: str,                   # such as "expression_research.engine"
    unwanted: tuple[str, ...],     # packages that importing it must not load
) -> list[str]:                    # complaints
    "What a fresh interpreter loads for one import."
    code = f"import sys, {module}; print(*sorted(set({unwanted!r}) & set(sys.modules)))"
    done = run([sys.executable, "-c", code], PROJECT)
    if not done.returncode and not done.stdout.strip():
        return []
    return [f"import {module}: {last_line(done.stdout)} (expected to load no {', '.join(unwanted)})"]


# ---- the package ---------------------------------------------------------------------------------------------------

def modules() -> list[str]:
    "The package and its exported modules."
    files = sorted((PROJECT / PACKAGE).glob("*.py"))
    return [PACKAGE, *(f"{PACKAGE}.{file.stem}" for file in files if not file.stem.startswith("_"))]


def imports() -> str:
    "Every module imports by itself from anywhere, where no developer's tool is installed."
    blocked = f"import sys; sys.modules.update(dict.fromkeys({DEVELOPER_TOOLS!r}))"
    def alone(name: str) -> subprocess.CompletedProcess:
        code = f"{blocked}; import importlib; importlib.import_module({name!r})"
        return run([sys.executable, "-I", "-c", code], Path(tempfile.gettempdir()))
    with ThreadPoolExecutor(2) as pool:
        results = dict(zip(modules(), pool.map(alone, modules())))
    complaints = [f"{name}: {last_line(result.stdout)}" for name, result in results.items() if result.returncode]
    return require(complaints, f"{len(results)} modules")


def check_help() -> str:
    "The command line answers before anything heavy is loaded; light modules load no torch, a run no scipy.stats."
    complaints, seconds = [], []
    light = {"core", "config", "augmentation", "cli"} & set(rooms())
    for name in (PACKAGE, *(f"{PACKAGE}.{module}" for module in sorted(light))):
        complaints += loaded_by(name, ("torch", "sklearn", "datasets", "matplotlib"))
    for name in sorted({"experiments", "mainjob", "report"} & set(rooms())):     # a run waits for none of these
        complaints += loaded_by(f"{PACKAGE}.{name}", ("scipy.stats", "sklearn", "skimage"))
    limit = 0.5 if sys.platform == "linux" else 2.0       # starting a process is slower elsewhere
    expression = program("expression")
    for _ in range(5):
        start = time.perf_counter()
        answer = run([expression, "--help"], Path(tempfile.gettempdir()))
        seconds.append(time.perf_counter() - start)
    if answer.returncode or "usage" not in answer.stdout.lower():
        complaints.append(f"expression --help left with {answer.returncode}: {last_line(answer.stdout)}")
    if min(seconds) > limit:
        complaints.append(f"expression --help took {min(seconds):.2f} s at best of five, expected at most {limit} s")
    return require(complaints, f"--help in {min(seconds):.2f} s at best of five")


def flat_stubs() -> dict[str, str]:  # public name -> module, as `__init__.pyi` has them
    "What a type checker sees of the flat interface."
    tree = ast.parse((PROJECT / PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: node.module or "" for node in found for alias in node.names}


def flat() -> str:
    "`expression_research` and its stub offer the same names, each where it says, and no name is a module's name."
    home, stubs = flat_names(), flat_stubs()
    complaints = [f"{name}: __init__.py has it in {home.get(name)}, __init__.pyi in {stubs.get(name)}"
                  for name in sorted(set(home) | set(stubs)) if home.get(name) != stubs.get(name)]
    complaints += [f"{name} is a module too: `from {PACKAGE} import {name}` would depend on what was imported before"
                   for name in sorted(set(home) & set(rooms()))]
    for name, module in home.items():
        file = PROJECT / PACKAGE / f"{module}.py"
        defined = rf"^(?:def|class)\s+{name}\b|^[\w, ]*\b{name}\b[\w, ]*="
        if not file.is_file() or not re.search(defined, file.read_text(encoding="utf-8"), re.M):
            complaints.append(f"{module}.py defines no {name}")
    return require(complaints, f"{len(home)} names")


def types(*names: str) -> str:
    "pyrefly finds nothing new; what it has long known stands in .ci/types.json, and that list can only become shorter."
    known, command = PROJECT / ".ci" / "types.json", [program("pyrefly"), "check", "--output-format", "min-text"]
    if known.is_file() and not names:
        command += ["--baseline", str(known), "--error-stale-baseline"]
    done = run([*command, *names])
    left = len(json.loads(known.read_text(encoding="utf-8"))["errors"]) if known.is_file() else 0
    complaints = [line.strip() for line in done.stdout.splitlines() if line.lstrip().startswith("ERROR")]
    if done.returncode and not complaints:
        complaints = done.stdout.splitlines()[-5:]
    counts = Counter(re.findall(r"^ERROR (\S+?):", "\n".join(complaints), re.M))
    complaints += [f"{times:4} in {name}" for name, times in sorted(counts.items())]
    return require(complaints, f"no new error, {left} known ones")


def absolute_imports(
    file: Path,                    # a Python file
) -> set[str]:                     # such as {"torch", "os"}
    "The packages that a file imports, inside functions too."
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


def setup() -> str:
    "setup.py runs where nothing is installed yet."
    names = absolute_imports(PROJECT / "setup.py")
    more = sorted(names - set(sys.stdlib_module_names) - {"setuptools"})
    return require([f"setup.py imports {name}" for name in more], ", ".join(sorted(names)))


def required() -> str:
    "Every package that the exported code imports is among the requirements, not only brought along by another one."
    parser = ConfigParser(delimiters=["="])
    parser.read(PROJECT / "settings.ini", encoding="utf-8")
    kinds = ("requirements", "onnx_requirements", "timm_requirements", "faces_requirements",
             "export_requirements", "explain_requirements")
    needs = " ".join(parser["DEFAULT"][kind] for kind in kinds).split()
    stated = {re.split(r"[<>=!~\[]", need)[0].lower().replace("_", "-") for need in needs}
    distributions, complaints = metadata.packages_distributions(), []
    for file in sorted((PROJECT / PACKAGE).glob("*.py")):
        for name in sorted(absolute_imports(file) - set(sys.stdlib_module_names) - {PACKAGE}):
            needed = {found.lower().replace("_", "-") for found in distributions.get(name, [name])}
            if not needed & stated:
                wanted = " or ".join(sorted(needed))
                complaints.append(f"{file.name} imports {name}: add {wanted} to requirements in settings.ini")
    return require(complaints, f"{len(stated)} requirements")


def synced() -> str:
    "In a copy without the generated modules, nbdev_clean and nbdev_export bring back exactly these files."
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / PROJECT.name
        subprocess.run(["git", "init", "--quiet", str(fresh)], check=True)
        copy_tree(PROJECT, fresh)
        for file in (fresh / PACKAGE).glob("*.py"):
            if "autogenerated" in file.read_text(encoding="utf-8")[:2000].lower():
                file.unlink()
        complaints = []
        for command in ("nbdev_clean", "nbdev_export"):
            done = run([program(command)], fresh)
            if done.returncode:
                complaints.append(f"{command}: {last_line(done.stdout)}")
        return require(complaints + differences(PROJECT, fresh), f"{len(tree(PROJECT))} files are in step")


def must_fail() -> str:
    "A notebook with a false assertion makes nbdev_test fail and is named."
    cell = {"cell_type": "code", "execution_count": None, "id": "assertion", "metadata": {}, "outputs": []}
    cell["source"] = ["assert 1 + 1 == 3"]
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "nbs" / "00_must_fail.ipynb"
        broken.parent.mkdir()
        shutil.copy2(PROJECT / "settings.ini", folder)
        broken.write_text(json.dumps(notebook), encoding="utf-8")
        done = run([program("nbdev_test")], Path(folder))
    failed = done.returncode and broken.name in done.stdout
    complaints = [] if failed else [f"nbdev_test left with {done.returncode} on `assert 1 + 1 == 3`"]
    return require(complaints, "it failed, as it must")


# ---- the README and other pages ------------------------------------------------------------------------------------

def command(wanted: str) -> str:
    "The line of a code block of README.md that starts with this command, as it is printed there."
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    printed = [line.strip() for block in blocks for line in block.splitlines()]
    found = [line for line in printed if line == wanted or line.startswith(wanted + " ")]
    if not found:
        raise Broken(f"README.md prints no command that starts with: {wanted}")
    return found[0]


def links() -> str:
    "Every relative link in the pages and in the notebooks' text leads to a file of the project."
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(PROJECT.glob("*.md"))}
    pages |= {path: "\n".join(source for _, source, _ in cells(path, "markdown")) for path in notebooks()}
    complaints, number, known = [], 0, set(tree(PROJECT))
    for path, text in pages.items():
        text = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)|(?:src|href)=\"([^\"#]+)", text):
            target = target[0] or target[1]
            if re.match(r"[a-z]+:|attachment:", target):
                continue
            number += 1
            place = Path(os.path.normpath(path.parent / target))
            ours = place.is_relative_to(PROJECT)
            if not ours or not (place.is_dir() or place.relative_to(PROJECT).as_posix() in known):
                complaints.append(f"{path.relative_to(PROJECT).as_posix()}: no file behind the link {target}")
    return require(complaints, f"{number} links")


def study(name: str) -> str:
    "A notebook runs from top to bottom on the data that EXPRESSION_DATA names, and says so in its outputs."
    source = PROJECT / name
    with tempfile.TemporaryDirectory() as folder:
        executed = Path(folder) / source.name
        shutil.copy2(source, executed)
        done = run([sys.executable, "-m", "jupyter", "execute", "--inplace", "--timeout=1200", str(executed)])
        seen = "".join(output_text(output) for _, _, outputs in cells(executed) for output in outputs)
    if done.returncode:
        raise Broken(*done.stdout.splitlines()[-30:])
    data = Path(os.environ.get("EXPRESSION_DATA", "generated")).name
    complaints = [] if data in seen else [f"{name} ran, but no output names its data {data}"]
    return require(complaints, f"{source.name} on {data}")


def layouts() -> str:
    "Real layouts, wrong flags and damaged files through the command line: our own errors, right statuses, one line."
    import sources
    complaints, count = sources.complaints()
    return require(complaints, f"{count} layouts, wrong flags and damaged files")


def site() -> str:
    "The site is built, its links and anchors hold, it asks for nothing outside; a browser, where there is one, agrees."
    import browse
    with tempfile.TemporaryDirectory() as folder:
        done = run([sys.executable, str(PROJECT / ".ci" / "site.py"), folder])
        if done.returncode:
            raise Broken(*done.stdout.splitlines()[-30:])
        complaints = browse.broken_pages(Path(folder))
        tried = browse.browser_complaints(Path(folder))
        seen = "no browser here: the pages' HTML was checked instead" if tried is None else "tried in a browser"
        return require(complaints + (tried or []), f"{last_line(done.stdout)}; {seen}")


def app() -> str:
    "`expression app` as a user meets it, in a browser where there is one."
    import app_browser
    complaints = app_browser.app_complaints()
    if complaints is None:
        return "not tried: there is no browser here"
    return require(complaints, "upload, drop, paste, two faces, camera, table, keyboard, phone, dark")


GATES = {
    "copy": copy, "same": same, "count": count, "command": command, "imports": imports, "help": check_help,
    "flat": flat, "setup": setup, "required": required, "synced": synced, "layers": layers, "lines": check_lines,
    "types": types, "notebooks": check_notebooks, "links": links, "must_fail": must_fail, "study": study, "site": site,
    "layouts": layouts, "app": app,
}

if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    if len(sys.argv) < 2 or sys.argv[1] not in GATES:
        sys.exit(f"usage: python .ci/gates.py {'|'.join(GATES)} [ARGUMENT...]")
    try:
        print(GATES[sys.argv[1]](*sys.argv[2:]))
    except Broken as broken:
        print(*broken.args, sep="\n")
        sys.exit(1)
