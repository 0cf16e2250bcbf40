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
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = "expression_research"
DEVELOPER_TOOLS = ("nbdev", "execnb", "fastcore", "IPython", "ipykernel", "ipywidgets", "jupyterlab", "jupytext", "nbconvert", "nbclient", "nbformat", "ruff", "pytest")
DIRECTIVES = set("export exporti exports default_exp hide hide_input hide_output echo eval slow online gpu notest code-fold output warning label fig-cap".split())
MACHINE_PATH = re.compile(r"(?<![\w.:/-])(?:/(?:home|root|Users|tmp|work|private|var|opt|mnt|usr)/[\w.-]+|[A-Z]:\\+(?:Users|Temp)\b)")
BESIDE = {"engine": {"faces", "data", "audit", "transforms", "loaders", "models", "features"}}      # the loop knows no dataset and no model class


class Broken(Exception):
    "A gate that does not hold; its arguments are the complaints, one a line."


def require(
    complaints: list[str],         # what is wrong, empty when nothing is
    looked_at: str,                # one line for the reader when nothing is wrong
) -> str:                          # `looked_at`
    "The end of a gate: complain, or say what was looked at."
    if complaints: raise Broken(*complaints)
    return looked_at


def run(
    command: list[str],            # program and arguments
    folder: Path = PROJECT,        # working folder
    **environment: str,            # variables to set on top of the present ones
) -> subprocess.CompletedProcess:  # with returncode, and stdout and stderr together in stdout
    "One command, its output kept; the exit status is for the caller to judge."
    return subprocess.run(command, cwd=folder, env=os.environ | environment, text=True, encoding="utf-8", errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def program(
    name: str,                     # such as "nbdev_test"
) -> str:                          # its path beside this interpreter, so that no other installation answers
    "A program of this environment."
    return shutil.which(name, path=str(Path(sys.executable).parent)) or require([f"no program named {name} in this environment"], "")


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
    listed = subprocess.run(["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True).stdout
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
    def content(path): return path.read_bytes().replace(b"\r\n", b"\n")               # Windows' line ends are no difference
    changed = [name for name in old & new if content(before / name) != content(after / name)]
    return [*(f"changed: {name}" for name in sorted(changed)), *(f"made: {name}" for name in sorted(new - old)), *(f"removed: {name}" for name in sorted(old - new))]


def copy(source: str, target: str) -> str:
    "A clone that keeps the history, with the files as they stand in the source."
    source, target = Path(source), Path(target)
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(source), str(target)], check=True)
    copy_tree(source, target)
    subprocess.run(["git", "-C", str(target), "reset", "--quiet"], check=False)         # an empty history has nothing to reset to
    return require(differences(source, target), f"{len(tree(target))} files")


def same(before: str, after: str) -> str:
    "Installing, running and testing leave the project's own files alone."
    return require(differences(Path(before), Path(after)), f"{len(tree(Path(after)))} files are as they were")


# ---- notebooks -----------------------------------------------------------------------------------------------------

def notebooks(
    folder: Path = PROJECT,        # the checkout
) -> list[Path]:                   # numbered notebooks first, sorted; never one whose name or folder starts with _ or .
    "Every notebook of the project, by the rule that nbdev uses."
    found = [path for path in (folder / "nbs").rglob("*.ipynb") if not any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)]
    return sorted(found) or require([f"no notebook under {folder.name}/nbs"], "")


def cells(
    path: Path,                    # a notebook
    kind: str = "code",            # "code" or "markdown"
) -> list[tuple[int, str, list]]:  # (number in the notebook, source, outputs)
    "The cells of one kind."
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(i, "".join(cell["source"]), cell.get("outputs", [])) for i, cell in enumerate(found) if cell["cell_type"] == kind]


def directives(
    source: str,                   # of a code cell
) -> list[str]:                    # such as ["export", "slow"]
    "The names after `#|`."
    return re.findall(r"^\s*#\s*\|\s*([\w-]+)", source, re.M)


def python_of(
    source: str,                   # of a code cell
) -> ast.Module:
    "The cell as a syntax tree, without magics."
    if source.lstrip().startswith("%%"): return ast.parse("")
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M))


def output_text(
    output: dict,                  # of a code cell, as the notebook stores it
) -> str:                          # everything in it that is text, without embedded pictures
    "What a reader sees of an output."
    parts = [output.get("text", ""), *(value for key, value in output.get("data", {}).items() if key.startswith("text/"))]
    return re.sub(r"data:image/[\w+]+;base64,[\w+/=\s]+", "", "\n".join("".join(part) for part in parts))


def count() -> str:
    "How many notebooks nbdev_test collects and runs, by nbdev's own functions."
    from nbdev.config import get_config
    from nbdev.doclinks import nbglob
    from nbdev.frontmatter import FrontmatterProc
    from nbdev.process import NBProcessor
    os.chdir(PROJECT)
    skipped = set(get_config().tst_flags.split())
    def runs(path):
        front = getattr(NBProcessor(path, procs=FrontmatterProc, process=True).nb, "frontmatter_", {})
        if str(front.get("skip_exec", False)).lower() in ("true", "1") or (path.parent / ".notest").exists(): return False
        return any(source.strip() and not skipped & set(directives(source)) for _, source, _ in cells(path))
    ran = [path for path in nbglob(as_path=True) if runs(path)]
    return str(len(ran)) if ran else require(["nbdev_test has no notebook to run"], "")


def check_notebooks() -> str:
    "No stored error, no machine path, no misspelt directive, no shell escape (a failing one passes nbdev_test), and outputs are there."
    complaints = []
    for path in notebooks():
        found = cells(path)
        for i, source, outputs in found:
            where = f"{path.relative_to(PROJECT).as_posix()} cell {i}"
            complaints += [f"{where}: nbdev knows no directive #| {name}" for name in directives(source) if name not in DIRECTIVES]
            complaints += [f"{where}: '# {name}' is only a comment, write '#| {name}'" for name in re.findall(r"^#\s*(export|hide|slow|online|gpu)\s*$", source, re.M)]
            if re.search(r"^\s*(?:[\w, ]+=\s*)?!\s*\w|^\s*%%?(?:sx|system)\b", source, re.M): complaints.append(f"{where}: a shell escape cannot fail a test: use subprocess.run(..., check=True)")
            complaints += [f"{where}: stored error {output.get('ename')}" for output in outputs if output["output_type"] == "error"]
            complaints += [f"{where}: output names the path {match.group(0)}" for output in outputs for match in MACHINE_PATH.finditer(output_text(output))]
        if found and not any(outputs for _, _, outputs in found): complaints.append(f"{path.relative_to(PROJECT).as_posix()}: no cell has a stored output, so it was not executed")
    return require(complaints, f"{len(notebooks())} notebooks")


# ---- layers --------------------------------------------------------------------------------------------------------

def imported(
    module: ast.Module,            # a cell or a file
) -> set[str]:                     # such as {"core", "data"}; "" stands for the package itself
    "The project's modules that this code imports, inside functions too."
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import): names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = f"{PACKAGE}.{node.module or ''}".rstrip(".") if node.level else node.module
            names |= {f"{base}.{alias.name}" for alias in node.names} if base == PACKAGE else {base}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module" and node.args and isinstance(node.args[0], ast.Constant):
            names.add(str(node.args[0].value))
    return {name.split(".")[1] if "." in name else "" for name in names if name.split(".")[0] == PACKAGE}


def layers() -> str:
    "Exported code and examples import only from lower-numbered notebooks; the engine does not import the layer beside it."
    numbered = {path.stem.split("_", 1)[1]: path for path in notebooks() if re.match(r"\d+_", path.name)}
    number = {name: int(path.name.split("_")[0]) for name, path in numbered.items()}
    complaints = []
    for name, path in numbered.items():
        exported_as = [match for _, source, _ in cells(path) for match in re.findall(r"^\s*#\s*\|\s*default_exp\s+([\w.]+)", source, re.M)]
        if exported_as and exported_as != [name]: complaints.append(f"{path.name} exports to {exported_as}, expected {name}")
        for i, source, _ in cells(path):
            exported = bool({"export", "exporti", "exports"} & set(directives(source)))
            for other in imported(python_of(source)) & set(number):
                if number[other] > number[name]: complaints.append(f"{path.name} cell {i} imports {other}, which stands above it ({numbered[other].name})")
                elif exported and other == name: complaints.append(f"{path.name} cell {i} imports its own module")
                elif exported and other in BESIDE.get(name, ()): complaints.append(f"{path.name} cell {i} imports {other}: {name} does not know it")
    for file in sorted((PROJECT / PACKAGE).glob("*.py")):
        for other in imported(ast.parse(file.read_text(encoding="utf-8"))) & set(number):
            if number[other] >= number.get(file.stem, 100): complaints.append(f"{file.name} imports {other}, which does not stand below it")
        if not file.stem.startswith("_") and file.stem not in number: complaints.append(f"{file.name} comes from no numbered notebook")
    return require(complaints, f"{len(number)} numbered notebooks: " + ", ".join(sorted(number, key=number.get)))


# ---- the package ---------------------------------------------------------------------------------------------------

def modules() -> list[str]:
    "The package and its exported modules."
    return [PACKAGE, *(f"{PACKAGE}.{file.stem}" for file in sorted((PROJECT / PACKAGE).glob("*.py")) if not file.stem.startswith("_"))]


def imports() -> str:
    "Every module imports by itself from anywhere, where no developer's tool is installed."
    blocked = f"import sys; sys.modules.update(dict.fromkeys({DEVELOPER_TOOLS!r}))"
    def alone(name): return run([sys.executable, "-I", "-c", f"{blocked}; import importlib; importlib.import_module({name!r})"], Path(tempfile.gettempdir()))
    with ThreadPoolExecutor(2) as pool: results = list(pool.map(alone, modules()))
    return require([f"{name}: {last_line(result.stdout)}" for name, result in zip(modules(), results) if result.returncode], f"{len(results)} modules")


def check_help() -> str:
    "The command line answers before anything heavy is loaded; the light modules load no torch."
    complaints, elsewhere = [], Path(tempfile.gettempdir())
    for name in (PACKAGE, f"{PACKAGE}.core", f"{PACKAGE}.cli"):
        loaded = run([sys.executable, "-I", "-c", f"import sys, {name}; print(*sorted({{'torch', 'sklearn', 'datasets', 'matplotlib'}} & set(sys.modules)))"], elsewhere)
        if loaded.returncode or loaded.stdout.strip(): complaints.append(f"import {name}: {last_line(loaded.stdout)} (expected to load no torch, sklearn, datasets, matplotlib)")
    limit, seconds = 0.5 if sys.platform == "linux" else 2.0, []                       # starting a process is slower elsewhere
    expression = program("expression")
    for _ in range(5):
        start = time.perf_counter()
        answer = run([expression, "--help"], elsewhere)
        seconds.append(time.perf_counter() - start)
    if answer.returncode or "usage" not in answer.stdout.lower(): complaints.append(f"expression --help left with {answer.returncode}: {last_line(answer.stdout)}")
    if min(seconds) > limit: complaints.append(f"expression --help took {min(seconds):.2f} s at best of five, expected at most {limit} s")
    return require(complaints, f"--help in {min(seconds):.2f} s at best of five")


def setup() -> str:
    "setup.py runs where nothing is installed yet."
    names = set()
    for node in ast.walk(ast.parse((PROJECT / "setup.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import): names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom): names.add((node.module or "").split(".")[0])
    return require([f"setup.py imports {name}" for name in sorted(names - set(sys.stdlib_module_names) - {"setuptools"})], ", ".join(sorted(names)))


def required() -> str:
    "Every package that the exported code imports is among the requirements or those of an extra, not only brought along by another one."
    settings = ConfigParser(delimiters=["="])
    settings.read(PROJECT / "settings.ini", encoding="utf-8")
    stated = {re.split(r"[<>=!~\[]", need)[0].lower().replace("_", "-") for need in (settings["DEFAULT"]["requirements"] + " " + settings["DEFAULT"]["onnx_requirements"]).split()}
    distributions, complaints, names = metadata.packages_distributions(), [], set()
    for file in sorted((PROJECT / PACKAGE).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            used = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            names |= {(name.split(".")[0], file.name) for name in used}
    for name, file in sorted(names):
        if name in sys.stdlib_module_names or name == PACKAGE: continue
        needed = {found.lower().replace("_", "-") for found in distributions.get(name, [name])}
        if not needed & stated: complaints.append(f"{file} imports {name}: add {' or '.join(sorted(needed))} to requirements in settings.ini")
    return require(complaints, f"{len(stated)} requirements")


def synced() -> str:
    "In a copy without the generated modules, nbdev_clean and nbdev_export bring back exactly these files."
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / PROJECT.name
        subprocess.run(["git", "init", "--quiet", str(fresh)], check=True)
        copy_tree(PROJECT, fresh)
        for file in (fresh / PACKAGE).glob("*.py"):
            if "autogenerated" in file.read_text(encoding="utf-8")[:2000].lower(): file.unlink()
        complaints = []
        for command in ("nbdev_clean", "nbdev_export"):
            done = run([program(command)], fresh)
            if done.returncode: complaints.append(f"{command}: {last_line(done.stdout)}")
        return require(complaints + differences(PROJECT, fresh), f"{len(tree(PROJECT))} files are in step")


def must_fail() -> str:
    "A notebook with a false assertion makes nbdev_test fail and is named."
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "nbs" / "00_must_fail.ipynb"
        broken.parent.mkdir()
        shutil.copy2(PROJECT / "settings.ini", folder)
        cell = {"cell_type": "code", "execution_count": None, "id": "assertion", "metadata": {}, "outputs": [], "source": ["assert 1 + 1 == 3"]}
        broken.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
        done = run([program("nbdev_test")], Path(folder))
    return require([] if done.returncode and broken.name in done.stdout else [f"nbdev_test left with {done.returncode} on `assert 1 + 1 == 3`"], "it failed, as it must")


# ---- the README and other pages ------------------------------------------------------------------------------------

def command(wanted: str) -> str:
    "The line of a code block of README.md that starts with this command, as it is printed there."
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    found = [line for line in lines if line == wanted or line.startswith(wanted + " ")]
    return found[0] if found else require([f"README.md prints no command that starts with: {wanted}"], "")


def links() -> str:
    "Every relative link in the pages and in the notebooks' text leads to a file of the project."
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(PROJECT.glob("*.md"))}
    pages |= {path: "\n".join(source for _, source, _ in cells(path, "markdown")) for path in notebooks()}
    complaints, number, known = [], 0, set(tree(PROJECT))
    for path, text in pages.items():
        text = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)|(?:src|href)=\"([^\"#]+)", text):
            target = target[0] or target[1]
            if re.match(r"[a-z]+:|attachment:", target): continue
            number += 1
            place = Path(os.path.normpath(path.parent / target))
            inside = place.is_relative_to(PROJECT) and (place.relative_to(PROJECT).as_posix() in known or place.is_dir())
            if not inside: complaints.append(f"{path.relative_to(PROJECT).as_posix()}: no file behind the link {target}")
    return require(complaints, f"{number} links")


def study(name: str) -> str:
    "A notebook runs from top to bottom on the data that EXPRESSION_DATA names, and says so in its outputs."
    source = PROJECT / name
    with tempfile.TemporaryDirectory() as folder:
        executed = Path(folder) / source.name
        shutil.copy2(source, executed)
        done = run([sys.executable, "-m", "jupyter", "execute", "--inplace", "--timeout=1200", str(executed)])
        seen = "".join(output_text(output) for _, _, outputs in cells(executed) for output in outputs)
    if done.returncode: raise Broken(*done.stdout.splitlines()[-30:])
    data = Path(os.environ.get("EXPRESSION_DATA", "generated")).name
    return require([] if data in seen else [f"{name} ran, but no output names its data {data}"], f"{source.name} on {data}")


GATES = {"copy": copy, "same": same, "count": count, "command": command, "imports": imports, "help": check_help, "setup": setup, "required": required, "synced": synced,
    "layers": layers, "notebooks": check_notebooks, "links": links, "must_fail": must_fail, "study": study}

if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr): stream.reconfigure(encoding="utf-8", errors="replace")
    if len(sys.argv) < 2 or sys.argv[1] not in GATES: sys.exit(f"usage: python .ci/gates.py {'|'.join(GATES)} [ARGUMENT...]")
    try: print(GATES[sys.argv[1]](*sys.argv[2:]))
    except Broken as broken:
        print(*broken.args, sep="\n")
        sys.exit(1)
