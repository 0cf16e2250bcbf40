#!/usr/bin/env python3
"""README.md from nbs/index.ipynb, by nbconvert.

    python .ci/readme.py              write README.md and the pictures it shows, nbs/figures/readme_*
    python .ci/readme.py --check      write nothing; leave with 1 and say which file is not current

The notebook is not executed: its stored outputs are what the README shows.
"""
import re
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOK = PROJECT / "nbs" / "index.ipynb"
PICTURES = "nbs/figures"
PREFERRED = ["text/markdown", "text/html", "image/svg+xml", "image/png", "text/plain"]


def kept(
    cell: nbformat.NotebookNode,   # a cell of the notebook
) -> bool:                         # False for cells flagged `#| hide` or `#| export` and for blank ones
    "Whether the README shows this cell."
    flagged = re.search(r"^\s*#\s*\|\s*(hide|export|exporti|default_exp)\b", cell.source, re.M)
    return bool(cell.source.strip()) and not flagged


def prepared(
    notebook: nbformat.NotebookNode,
) -> nbformat.NotebookNode:        # changed in place
    "Without hidden cells, directives, progress bars and style sheets; one form of each output; `#| fig-cap` describes."
    notebook.metadata["language_info"] = {"name": "python"}   # nbdev_clean removes it; code fences need it
    notebook.cells = [cell for cell in notebook.cells if kept(cell)]
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        hidden_input = re.search(r"^\s*#\s*\|\s*(echo:\s*false|hide_input)", cell.source, re.M)
        described = re.search(r"^\s*#\s*\|\s*fig-cap:\s*(.+)$", cell.source, re.M)
        cell.metadata["picture"] = described.group(1).strip("\"' ") if described else "figure"
        cell.source = re.sub(r"^\s*#\s*\|.*\n?", "", cell.source, flags=re.M).strip("\n")
        cell.metadata["transient"] = {"remove_source": bool(hidden_input)}
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if "data" not in output:
                continue
            kinds = [kind for kind in PREFERRED if kind in output.data][:1]
            output.data = {kind: output.data[kind] for kind in kinds}
            if "text/html" in output.data:       # a page has its own style sheet; a picture keeps it
                plain = re.sub(r"<style.*?</style>\s*", "", output.data["text/html"], flags=re.S)
                output.data["text/html"] = plain
    return notebook


def moved_link(
    match: re.Match,               # of a Markdown link or an HTML src or href
) -> str:                          # the same link seen from the top of the repository
    "A link relative to nbs/ becomes one relative to the README."
    start, target = match.group(1), match.group(2)
    if re.match(r"[a-z]+:|#|attachment:", target) or target.startswith(PICTURES):
        return match.group(0)
    return start + (target[3:] if target.startswith("../") else f"nbs/{target}")


def readme() -> dict[Path, bytes]: # each file of the README with its content
    "README.md and its pictures, as the notebook makes them now."
    notebook = prepared(nbformat.read(NOTEBOOK, as_version=4))
    places = {"output_files_dir": PICTURES, "unique_key": "readme"}
    body, resources = MarkdownExporter().from_notebook_node(notebook, resources=places)
    for name in resources["outputs"]:                # such as nbs/figures/readme_3_0.png, from cell 3
        described = notebook.cells[int(name.split("_")[-2])].metadata["picture"]
        body = re.sub(rf"!\[(png|svg)\]\({re.escape(name)}\)", f"![{described}]({name})", body)
    files = {PROJECT / name: content for name, content in resources["outputs"].items()}
    pieces = re.split(r"(^```.*?^```)", body, flags=re.M | re.S)   # odd pieces are code, kept as it is
    pieces[::2] = [re.sub(r"(\]\(|(?:src|href)=\")([^)\s\"]+)", moved_link, piece) for piece in pieces[::2]]
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", "".join(pieces), flags=re.M)).strip()
    note = f"<!-- Made from nbs/index.ipynb by .ci/{Path(__file__).name}: change the notebook, not this file. -->"
    return {PROJECT / "README.md": f"{note}\n\n{text}\n".encode()} | files


def same_content(
    path: Path,                    # of a file, which need not exist
    content: bytes,                # what it should hold
) -> bool:                         # Windows' line ends are no difference
    "Whether a file holds this content."
    return path.is_file() and path.read_bytes().replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")


def main() -> int:
    "Write, or check and complain."
    files = readme()
    old = set((PROJECT / PICTURES).glob("readme_*"))
    stale = [path for path, content in files.items() if not same_content(path, content)] + sorted(old - set(files))
    if "--check" in sys.argv:
        for path in stale:
            name = path.relative_to(PROJECT).as_posix()
            print(f"{name} is not what {NOTEBOOK.name} makes: run python .ci/readme.py")
        if not stale:
            print(f"README.md and {len(files) - 1} pictures are current")
        return int(bool(stale))
    for path in old - set(files):
        path.unlink()
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"wrote README.md and {len(files) - 1} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
