"""What the site is about: notebooks, their sections, and the names that they define. Nothing is rendered here."""
import ast
import json
import os
import re
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FOLDERS = {                        # folder of nbs/ -> what stands there
    "base": "Base",
    "data": "Data",
    "train": "Training",
    "trust": "Trust",
    "use": "Use",
    "studies": "Studies",
}
STUDENT = ("data/14_data", "data/17_transforms", "train/21_models", "train/30_diagnostics", "train/38_engine",
           "studies/expression_detect")
GUARD = re.compile(r"(ER\d{3})\s+(.+)")
HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
DIRECTIVE = re.compile(r"^\s*#\s*\|\s*([\w-]+)\s*:?\s*(.*)$")
Cell = dict                        # of a notebook, as its JSON has it


@dataclass
class Name:
    "Something that an exported cell defines at its top level."
    name: str                      # such as "train_step"
    module: str                    # such as "engine"
    kind: str                      # "function", "class" or "constant"
    signature: str                 # as Python writes it, without the name
    line: str                      # first line of the docstring, or ""
    methods: list[tuple[str, str]] = field(default_factory=list)       # (name with signature, first docstring line)
    url: str = ""                  # such as "train/38_engine.html#engine.train_step"

    @property
    def anchor(self) -> str:
        "Its place on the page; a heading's anchor has no dot, so the two never meet."
        return f"{self.module}.{self.name}"


@dataclass
class Section:
    "A heading and what stands under it, down to the next heading of any level."
    title: str                     # without Markdown
    level: int                     # 1 for `#`
    anchor: str                    # unique on its page
    cells: list[Cell]              # the heading's cell first


@dataclass
class Page:
    "A notebook, on its way to a page."
    path: Path                     # of the notebook
    url: str                       # of the page, such as "train/38_engine.html"
    folder: str                    # "train", or "" for the front page
    title: str
    promise: str                   # its one line
    sections: list[Section]
    names: list[Name]              # that it defines and shows
    imports: dict[str, str]        # name -> module, from this project

    @property
    def number(self) -> str:
        "Its layer, or an empty string."
        return re.match(r"(?:(\d+)_)?", self.path.name).group(1) or ""


@dataclass
class Guard:
    "A check with a code: the part of a notebook under its heading."
    code: str                      # such as "ER012"
    name: str                      # such as "frozen parts"
    page: Page
    sections: list[Section]        # its own heading and those below it
    symptom: str                   # a sentence of Markdown, or ""

    @property
    def url(self) -> str:
        "Its own page."
        return f"guards/{self.code}.html"


@dataclass
class Book:
    "Everything that a page may have to know about the others."
    pages: list[Page]
    guards: list[Guard]
    flat: dict[str, str]           # the names that the package offers by itself -> module
    git: str                       # address of the repository's files, without a slash at the end

    def __post_init__(self):
        "Tables for looking up names and notebooks."
        self.named: dict[str, list[Name]] = {}
        for name in (name for page in self.pages for name in page.names):
            for key in (name.name, name.anchor, f"expression_research.{name.anchor}"):
                self.named.setdefault(key, []).append(name)
        self.by_path = {page.path: page for page in self.pages}
        self.by_stem = {page.path.stem: page for page in self.pages}

    def find(
        self,
        words: str,                # what stands in backticks, such as "train_step" or "Transform.draws"
        page: Page,                # where
    ) -> str:                      # address of the definition from the top of the site, "" for none
        "Where a name is defined: on this page, where this page imports it from, or the only place there is."
        words = re.sub(r"\(.*\)$", "", words)
        if words in self.by_stem and "_" in words:
            return self.by_stem[words].url
        found = self.named.get(words) or self.named.get(words.rpartition(".")[0], [])
        if len(found) > 1:
            near = [name for name in found if name in page.names or page.imports.get(name.name) == name.module]
            found = near or [name for name in found if self.flat.get(name.name) == name.module]
        return found[0].url if len(found) == 1 else ""


# ---- cells -----------------------------------------------------------------------------------------------------------

def directives(
    cell: Cell,
) -> dict[str, str]:               # such as {"export": "", "fig-cap": "Faces"}
    "What the lines that begin with `#|` say."
    found = [DIRECTIVE.match(line) for line in cell["source"].splitlines() if cell["cell_type"] == "code"]
    return {match[1]: match[2].strip().strip("\"'") for match in found if match}


def divided(
    cells: list[Cell],
) -> Iterator[Cell]:               # Markdown cells cut before each heading
    "Cells in which a heading can only be the first line."
    for cell in cells:
        if cell["cell_type"] != "markdown":
            yield cell
            continue
        part, fenced = [], False
        for line in cell["source"].splitlines():
            fenced ^= line.lstrip().startswith("```")
            if HEADING.match(line) and not fenced and "".join(part).strip():
                yield cell | {"source": "\n".join(part)}
                part = []
            part.append(line)
        yield cell | {"source": "\n".join(part)}


def plain(
    text: str,                     # Markdown
) -> str:                          # one line
    "Markdown as a reader hears it."
    text = re.sub(r"<[^>]+>|^#+\s|^>\s?|[`*]|\$", "", text, flags=re.M)
    return " ".join(re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text).split())


def slug(
    title: str,
) -> str:                          # as GitHub makes it
    "A heading's anchor."
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.lower()))


def in_sections(
    cells: list[Cell],
) -> list[Section]:                # the first one may have no heading
    "A notebook's cells under their headings."
    sections, used = [], {}
    for cell in divided(cells):
        match = HEADING.match(cell["source"].split("\n", 1)[0]) if cell["cell_type"] == "markdown" else None
        if match:
            title = plain(match[2])
            anchor = slug(title)
            used[anchor] = used.get(anchor, -1) + 1
            anchor = f"{anchor}-{used[anchor]}" if used[anchor] else anchor
            sections.append(Section(title, len(match[1]), anchor, []))
        elif not sections:
            sections.append(Section("", 1, "top", []))
        sections[-1].cells.append(cell)
    return sections


# ---- names -----------------------------------------------------------------------------------------------------------

def signature(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    skip: int = 0,                 # parameters to leave out, 1 for a method's self
) -> str:                          # such as "(x: Tensor, *, side: int = 64) -> Tensor"
    "A function's parameters and what it returns."
    arguments = ast.unparse(node.args)
    if skip:
        arguments = arguments.partition(", ")[2] if ", " in arguments else ""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"({arguments}){returns}"


def first_line(
    node: ast.AST,
) -> str:
    "The first sentences of a docstring, as one line."
    text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) else ""
    return " ".join((text or "").strip().partition("\n\n")[0].split())


def class_name(
    node: ast.ClassDef,
    module: str,
) -> Name:
    "A class with its public methods; a dataclass is called with its fields."
    functions = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    made = next((signature(part, 1) for part in functions if part.name == "__init__"), "")
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
    if not made and any("dataclass" in ast.unparse(part) for part in node.decorator_list):
        made = "(" + ", ".join(ast.unparse(part) for part in fields) + ")"
    public = [part for part in functions if not part.name.startswith("_")]
    methods = [(part.name + signature(part, 1), first_line(part)) for part in public]
    return Name(node.name, module, "class", made, first_line(node), methods)


def defined(
    source: str,                   # of an exported cell
    module: str,
) -> Iterator[Name]:               # public ones
    "What a cell defines at its top level."
    for node in ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.M)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found = [Name(node.name, module, "function", signature(node), first_line(node))]
        elif isinstance(node, ast.ClassDef):
            found = [class_name(node, module)]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in getattr(target, "elts", [target])]
            names = [part.id for part in parts if isinstance(part, ast.Name)]
            value = ast.unparse(node.value) if node.value else ""
            short = f" = {value}" if len(value) <= 60 and len(names) == 1 else ""
            found = [Name(name, module, "constant", short, "") for name in names]
        else:
            found = []
        yield from (name for name in found if not name.name.startswith("_"))


def imported(
    source: str,                   # of a code cell
) -> dict[str, str]:               # name -> module of this project
    "What a cell imports from this project by name."
    found = re.findall(r"from expression_research\.(\w+) import \(?([\w\s,]+)", source)
    return {name.strip(): module for module, names in found for name in names.split(",") if name.strip()}


# ---- notebooks -------------------------------------------------------------------------------------------------------

def read_page(
    path: Path,                    # a notebook under nbs/
    top: Path,                     # nbs/
) -> Page:
    "One notebook, cut into sections."
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names, imports, module = [], {}, ""
    for cell in cells:
        cell["source"] = "".join(cell["source"])
        said = directives(cell)
        module = said.get("default_exp", module)
        if cell["cell_type"] == "code" and not cell["source"].lstrip().startswith("%%"):
            imports |= imported(cell["source"])
        if {"export", "exports"} & set(said):
            cell["module"] = said.get("export") or said.get("exports") or module
            cell["names"] = list(defined(cell["source"], cell["module"]))
            names += cell["names"]
    place = path.relative_to(top)
    url = place.with_suffix(".html").as_posix()
    for name in names:
        name.url = f"{url}#{name.anchor}"
    sections = in_sections(cells)
    opening = sections[0].cells[0]["source"] if sections else ""
    promise = next((plain(line) for line in opening.splitlines() if line.startswith(">")), "")
    folder = place.parent.as_posix().replace(".", "")
    return Page(path, url, folder, sections[0].title or path.stem, promise, sections, names, imports)


def guards_of(
    page: Page,
) -> Iterator[Guard]:
    "The sections whose heading begins with a guard's code."
    for start, section in enumerate(page.sections):
        match = GUARD.fullmatch(section.title)
        if not match:
            continue
        own = [section]
        for other in page.sections[start + 1:]:
            if other.level <= section.level:
                break
            own.append(other)
        text = "\n".join(cell["source"] for cell in section.cells if cell["cell_type"] == "markdown")
        symptom = re.search(r"\*\*Symptom[.:]?\*\*[.:]?\s*(.+?)(?:(?<=[.!?])\s|\n\s*\n|\n\*\*|\Z)", text, re.S)
        yield Guard(match[1], match[2], page, own, " ".join(symptom[1].split()) if symptom else "")


def flat_names() -> dict[str, str]:  # name -> module
    "The package's own names, read without importing it."
    tree = ast.parse((PROJECT / "expression_research" / "__init__.py").read_text(encoding="utf-8"))
    homes = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "_HOME"]
    return ast.literal_eval(homes[0]) if homes else {}


def read_book(
    top: Path = PROJECT / "nbs",   # folder of notebooks
) -> Book:
    "All notebooks: the front page, then folder by folder, each in the order of its numbers."
    order = ["", *FOLDERS]
    def place(path: Path) -> tuple:
        folder = path.relative_to(top).parent.as_posix().replace(".", "")
        return (order.index(folder) if folder in order else len(order), folder, path.name)
    found = [path for path in top.rglob("*.ipynb")
             if not any(part.startswith(("_", ".")) for part in path.relative_to(top).parts)]
    pages = [read_page(path, top) for path in sorted(found, key=place)]
    guards = sorted((guard for page in pages for guard in guards_of(page)), key=lambda guard: guard.code)
    parser = ConfigParser(delimiters=["="])
    parser.read(PROJECT / "settings.ini", encoding="utf-8")
    settings = parser["DEFAULT"]
    return Book(pages, guards, flat_names(), f"{settings['git_url']}/blob/{settings['branch']}")


def relative(
    url: str,                      # of a page or a file, from the top of the site
    page: str,                     # url of the page that links to it
) -> str:
    "An address as seen from a page."
    path, mark, anchor = url.partition("#")
    here = os.path.dirname(page) or "."
    if path == page:
        return f"#{anchor}" if mark else os.path.basename(path)
    return os.path.relpath(path, here).replace(os.sep, "/") + mark + anchor
