#!/usr/bin/env python3
"""The notebooks as a site that asks for nothing outside its own folder.

    python .ci/site.py OUT [--jobs 2] [--notebooks nbs]

Open OUT/index.html, from the disk too. Pages are nbconvert's `basic` template inside `.ci/site/page.html`; formulas are
MathML; the search index is a script beside the pages. Nothing is executed: stored outputs are what is shown.
"""
import argparse
import html
import json
import os
import re
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from book import FOLDERS, PROJECT, STUDENT, Book, Cell, Guard, Page, Section, directives, plain, read_book, relative
from jinja2 import Environment, FileSystemLoader, pass_context
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

LOOKS = PROJECT / ".ci" / "site"
HIDDEN = {"hide", "default_exp"}
MARKS = {"slow": "takes long: not run by the tests", "online": "needs the network", "gpu": "needs a GPU"}
UNDESCRIBED = "No description has been provided for this image"                         # nbconvert's words
IN_TAG = re.compile(r"(<(?:a|img|source)\s[^>]*?\b(?:href|src)=\")([^\"]*)(\")")
CALL = re.compile(r"(?<!<span class=\"o\">\.</span>)<span class=\"n\">(\w+)</span>(?=<span class=\"p\">\()")


# ---- Markdown --------------------------------------------------------------------------------------------------------

class Renderer(IPythonRenderer):
    "Markdown with formulas as MathML, headings that have a place, and names that lead to their definitions."

    def __init__(self, book: Book, page: Page, anchors: dict[str, str], attachments: dict):
        "`anchors` holds the place of the heading that the cell begins with."
        super().__init__(escape=False, attachments=attachments)
        self.book, self.page, self.anchors = book, page, anchors

    def heading(self, text: str, level: int, **attributes) -> str:
        "A heading with its place and a link to it."
        anchor = self.anchors.get("first", "")
        self.anchors["first"] = ""                   # a cell has one heading, its first line
        mark = f' <a class="place" href="#{anchor}" aria-label="Link to this section">#</a>' if anchor else ""
        return f'<h{level} id="{anchor}">{text}{mark}</h{level}>\n' if anchor else f"<h{level}>{text}</h{level}>\n"

    def codespan(self, text: str) -> str:
        "Code in a sentence; a name of this project leads to its definition."
        words, code = html.unescape(text), super().codespan(text)
        target = self.book.find(words, self.page) if re.fullmatch(r"[A-Za-z0-9_.]+(\(.*\))?", words) else ""
        return f'<a class="name" href="site:{target}">{code}</a>' if target else code

    def link(self, text: str, url: str, title: str | None = None) -> str:
        "A link, whose words cannot hold another one."
        return super().link(re.sub(r"</?a\b[^>]*>", "", text), f"nb:{url}", title)

    def block_math(self, body: str) -> str:
        "A formula on its own line."
        return f'<div class="formula">{convert(body.strip(), display="block")}</div>'

    def latex_environment(self, name: str, body: str) -> str:
        "A formula in a LaTeX environment."
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    def inline_math(self, body: str) -> str:
        "A formula in a sentence."
        return convert(body.strip())


class Exporter(HTMLExporter):
    "nbconvert's exporter, which knows the page that it is making."
    book: Book
    page: Page

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        "The filter for Markdown cells and Markdown outputs."
        cell = context.get("cell", {})
        place = cell.get("metadata", {}).get("site", {}).get("place", "") if cell.get("cell_type") == "markdown" else ""
        renderer = Renderer(self.book, self.page, {"first": place}, cell.get("attachments", {}))
        return MarkdownWithMath(renderer=renderer).render(source)


# ---- cells -----------------------------------------------------------------------------------------------------------

def shown(
    cell: Cell,                    # as in the notebook
    section: Section,              # it stands in
    first: bool,                   # whether it is the section's first cell
) -> Cell | None:                  # what nbconvert is given, None for a cell that is not shown
    "A cell without its directives; what they say is in its metadata."
    site = {"anchors": [name.anchor for name in cell.get("names", [])], "marks": [], "fold": "", "module": ""}
    if cell["cell_type"] == "markdown":
        site["place"] = section.anchor if first else ""
        return nbformat.v4.new_markdown_cell(cell["source"], metadata={"site": site}, **attached(cell))
    if cell["cell_type"] != "code":
        return None
    said = directives(cell)
    if "hide" in said or "default_exp" in said:
        anchors = "".join(f'<span class="anchor" id="{anchor}"></span>' for anchor in site["anchors"])
        return nbformat.v4.new_markdown_cell(anchors, metadata={"site": site}) if anchors else None
    source = re.sub(r"^\s*#\s*\|.*\n?", "", cell["source"], flags=re.M).strip("\n")
    outputs = cell.get("outputs", [])
    if "hide_output" in said or said.get("output") == "false":
        outputs = []
    if not source.strip() and not outputs:
        return None
    site["module"] = cell.get("module", "")
    site["marks"] = [cell["module"]] if site["module"] else []
    site["marks"] += [words for flag, words in MARKS.items() if flag in said]
    if said.get("code-fold", "").lower() == "true":
        solution = "exercise" in section.title.lower()
        site["fold"] = "all" if solution else "code"
        site["summary"] = said.get("code-summary") or ("Solution" if solution else "Code")
    transient = {"remove_source": "hide_input" in said or said.get("echo") == "false"}
    caption = said.get("fig-cap") or f"Figure: {section.title}"
    made = nbformat.v4.new_code_cell(source, metadata={"site": site, "transient": transient, "caption": caption})
    made.outputs = [nbformat.from_dict(joined(output)) for output in outputs]
    return made


def attached(
    cell: Cell,
) -> dict:                         # {"attachments": ...} or {}
    "The pictures that a Markdown cell carries."
    return {"attachments": cell["attachments"]} if cell.get("attachments") else {}


def joined(
    output: dict,                  # as a notebook's JSON has it, text as lists of lines
) -> dict:                         # text as one string
    "An output as nbconvert wants it."
    output = dict(output)
    if "text" in output:
        output["text"] = "".join(output["text"])
    if "data" in output:
        output["data"] = {kind: "".join(value) if isinstance(value, list) else value
                          for kind, value in output["data"].items()}
    return output


# ---- pages -----------------------------------------------------------------------------------------------------------

class Maker:
    "Makes pages, one after another."

    def __init__(self, book: Book, out: Path):
        "Templates are read once."
        self.book, self.out = book, out
        self.exporter = Exporter(
            template_name="book", extra_template_basedirs=[str(LOOKS)], exclude_input_prompt=True,
            exclude_output_prompt=True, exclude_anchor_links=True,
        )
        self.exporter.log.setLevel("ERROR")
        self.exporter.book = book
        looks = Environment(loader=FileSystemLoader(LOOKS), autoescape=True, trim_blocks=True, lstrip_blocks=True)
        looks.filters["ticks"] = ticks
        looks.globals |= {"book": book, "folders": FOLDERS, "student": STUDENT}
        self.looks = looks

    def body(self, sections: list[Section], page: Page, url: str) -> str:
        "The HTML of some sections of a notebook, for the page at `url`."
        cells = [shown(cell, section, cell is section.cells[0]) for section in sections for cell in section.cells]
        notebook = nbformat.v4.new_notebook(cells=[cell for cell in cells if cell is not None])
        notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "python3"}
        self.exporter.page = page
        body, _ = self.exporter.from_notebook_node(notebook)
        cut = re.split(r'data-caption="([^"]*)"', body)                                # captions stand at odd places
        cut[2::2] = [part.replace(UNDESCRIBED, words) for words, part in zip(cut[1::2], cut[2::2], strict=True)]
        body = "".join([cut[0], *cut[2::2]])
        body = CALL.sub(lambda match: self.called(match, page), body)
        return self.resolved(body, page, url)

    def resolved(self, body: str, page: Page, url: str) -> str:
        "HTML whose links lead somewhere on the site or to the repository."
        places = set(re.findall(r"\sid=\"([^\"]+)\"", body))
        def lead(match: re.Match) -> str:
            link = html.unescape(match[2])
            if link.startswith("#"):                 # inside a stored output, which may be part of a longer page
                return match[0] if link[1:] in places else f"{match[1]}#content{match[3]}"
            return match[1] + html.escape(self.target(link.removeprefix("nb:"), page, url)) + match[3]
        return IN_TAG.sub(lead, body)

    def called(self, match: re.Match, page: Page) -> str:
        "A call of one of this project's names leads to its definition."
        name = match[1]
        known = name in page.imports or any(name == own.name for own in page.names)
        target = self.book.find(name, page) if known else ""
        return f'<a class="call" href="site:{target}">{match[0]}</a>' if target else match[0]

    def target(self, link: str, page: Page, url: str) -> str:
        "Where a link of a notebook leads on the site; a file that is no notebook is in the repository."
        if link.startswith("site:"):
            return relative(link[5:], url)
        if re.match(r"[a-z]+:|//", link) or not link:
            return link
        path, mark, anchor = link.partition("#")
        place = Path(os.path.normpath(page.path.parent / path)) if path else page.path
        found = self.book.by_path.get(place)
        if found:
            return relative(f"{found.url}{mark}{place_of(anchor, found) if mark else ''}", url)
        if place.suffix.lower() in (".png", ".jpg", ".jpeg", ".svg", ".gif") and place.is_file():
            kept = Path("files") / place.name
            (self.out / "files").mkdir(exist_ok=True)
            shutil.copyfile(place, self.out / kept)
            return relative(kept.as_posix(), url)
        return f"{self.book.git}/{os.path.relpath(place, PROJECT).replace(os.sep, '/')}{mark}{anchor}"

    def markdown(self, text: str, page: Page, url: str) -> str:
        "A line of Markdown as HTML."
        made = MarkdownWithMath(renderer=Renderer(self.book, page, {}, {})).render(text).strip()
        return self.resolved(re.sub(r"^<p>(.*)</p>$", r"\1", made, flags=re.S), page, url)

    def write(self, url: str, template: str, **values) -> None:
        "A file of the site."
        path = self.out / url
        path.parent.mkdir(parents=True, exist_ok=True)
        values |= {"url": url, "to": lambda target: relative(target, url)}
        path.write_text(self.looks.get_template(template).render(**values), encoding="utf-8")

    def notebook(self, page: Page) -> None:
        "The page of a notebook."
        number = self.book.pages.index(page)
        before, after = self.book.pages[:number][-1:], self.book.pages[number + 1:][:1]
        source = f"{self.book.git}/{page.path.relative_to(PROJECT).as_posix()}" if inside(page.path) else ""
        self.write(page.url, "notebook.html", page=page, body=self.body(page.sections, page, page.url),
                   before=before, after=after, source=source)

    def guard(self, guard: Guard) -> None:
        "The page of a guard."
        body = self.body(guard.sections, guard.page, guard.url)
        self.write(guard.url, "guard.html", guard=guard, body=body)


def ticks(
    text: str,                     # such as "Raises `DataError`."
) -> Markup:                       # with the names as code
    "A docstring's line as HTML."
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)))


def inside(
    path: Path,
) -> bool:
    "Whether a file belongs to the project."
    return path.is_relative_to(PROJECT)


def place_of(
    anchor: str,                   # as a link has it, in anybody's spelling
    page: Page,
) -> str:                          # as the page has it, or unchanged
    "A heading's anchor, whether the link writes it as GitHub or as Jupyter does."
    known = {re.sub(r"\W", "", section.anchor): section.anchor for section in page.sections}
    return known.get(re.sub(r"\W", "", anchor.lower()), anchor)


def make(
    task: tuple[str, int],         # ("page", 3) for the third notebook, ("guard", 0) for the first guard
) -> str:                          # its address
    "One page, in a process of its own."
    kind, number = task
    if kind == "page":
        MAKER.notebook(MAKER.book.pages[number])
        return MAKER.book.pages[number].url
    MAKER.guard(MAKER.book.guards[number])
    return MAKER.book.guards[number].url


def start(
    notebooks: Path,
    out: Path,
) -> None:
    "What a process needs before it makes pages."
    global MAKER
    MAKER = Maker(read_book(notebooks), out)


# ---- what is made of all of them -------------------------------------------------------------------------------------

def search_entries(
    book: Book,
) -> list[list[str]]:              # [kind, title, where, address, text]
    "What can be found."
    entries = [["guard", f"{guard.code} {guard.name}", guard.page.title, guard.url, plain(guard.symptom)]
               for guard in book.guards]
    for page in book.pages:
        entries += [[name.kind, name.name, name.module, name.url, name.line] for name in page.names]
        for section in page.sections:
            if not section.title or GUARD_HEADING.match(section.title):
                continue
            text = plain(" ".join(cell["source"] for cell in section.cells if cell["cell_type"] == "markdown"))
            kind = "page" if section is page.sections[0] else "section"
            url = page.url if kind == "page" else f"{page.url}#{section.anchor}"
            entries.append([kind, section.title, page.title, url, text[len(section.title):600].strip()])
    return entries


GUARD_HEADING = re.compile(r"ER\d{3}\s")


def stylesheet() -> str:
    "The looks, with code in two sets of colours."
    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(':root[data-theme="dark"] .highlight')
    rules = [re.sub(r"background(-color)?:[^;}]+;?", "", part) for part in (light, dark)]
    return (LOOKS / "style.css").read_text(encoding="utf-8") + "\n" + "\n".join(rules) + "\n"


def build(
    out: Path,                     # folder to make; what an earlier site left there is removed
    notebooks: Path,               # folder of notebooks
    jobs: int,                     # processes
) -> str:                          # what was made, in a line
    "The whole site."
    start(notebooks, out)
    book = MAKER.book
    out.mkdir(parents=True, exist_ok=True)
    largest = sorted(range(len(book.pages)), key=lambda number: -book.pages[number].path.stat().st_size)
    tasks = [("page", number) for number in largest] + [("guard", number) for number in range(len(book.guards))]
    if jobs > 1:
        with ProcessPoolExecutor(jobs, initializer=start, initargs=(notebooks, out)) as pool:
            list(pool.map(make, tasks))
    else:
        for task in tasks:
            make(task)
    symptoms = {guard.code: MAKER.markdown(guard.symptom, guard.page, "guards/index.html") for guard in book.guards}
    MAKER.write("guards/index.html", "guards.html", symptoms=symptoms)
    MAKER.write("api.html", "api.html", flat=[book.find(name, book.pages[0]) for name in book.flat])
    (out / "style.css").write_text(stylesheet(), encoding="utf-8")
    shutil.copyfile(LOOKS / "site.js", out / "site.js")
    index = json.dumps(search_entries(book), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    (out / "search-index.js").write_text(f"window.SEARCH_INDEX = {index};\n", encoding="utf-8")
    names = sum(len(page.names) for page in book.pages)
    return f"{len(book.pages)} notebooks, {len(book.guards)} guards, {names} names"


def main() -> None:
    "The command line."
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--notebooks", type=Path, default=PROJECT / "nbs", help="folder of notebooks")
    said = parser.parse_args()
    began = time.perf_counter()
    done = build(said.out.resolve(), said.notebooks.resolve(), said.jobs)
    print(f"{done} in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
