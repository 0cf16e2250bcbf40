"""Finds scores that stand alone: a number of a metric with no interval, no null and no word for why there is none."""
import re
from collections.abc import Iterator
from html.parser import HTMLParser

METRIC = re.compile(
    r"\b(?:accuracy|acc|(?:macro )?F1|recall|precision|loss|nats|Brier|ECE|calibration error|points?)\b", re.I
)
NUMBER = re.compile(r"(?<![\w.])[-+−]?\d*\.\d+(?![\w%])|\b\d+ of \d+ (?:right|images)|\b\d+/\d+\b|\b\d+(?:\.\d+)? points?\b")
# an interval, a p-value, a null, or the word for why there is none
VOICE = re.compile(
    r"interval|\d\)?\s*(?:to|–)\s*[-+−]?[\d.]|\bp\s*[=<≤]|\bnull\b|\bby chance\b|\bln \d|not (?:defined|judged|tested)|"
    r"chance makes|equal groups|cannot be told|too few|withheld|no number|expect of",
    re.I,
)
# numbers that are no score of a model
NO_SCORE = {
    r"^epoch +\d+ \||lowest validation loss": "the log of a training, on the way to a chosen epoch",
    r"[Oo]ne (?:\w+ )?image is [\d.]+ points": "the grid on which accuracies lie",
    r"learning rate": "a setting",
    r"A true gap of \d+ points": "power, which is told with its own frequency",
    r"would make it -?\d+ points": "what classes alone would make",
    r"(?:smallest|true) difference|of a true|found in 80": "power",
}


def _alone(
    text: str,                     # a line, a sentence, or a cell with its heading
) -> bool:
    "Whether it tells a score and nothing about its uncertainty."
    if any(re.search(pattern, text) for pattern in NO_SCORE):
        return False
    return bool(METRIC.search(text) and NUMBER.search(text) and not VOICE.search(text))


def _sentences(
    text: str,                     # prose
) -> list[str]:
    "Sentences, each with the one after it, which may hold its uncertainty."
    found = re.split(r"(?<=[.:;!?])\s+(?=[A-Z“+])", " ".join(text.split()))
    return [f"{first} {after}" if _alone(first) else first for first, after in zip(found, [*found[1:], ""])]


def _cells(
    header: list[str],             # of a table
    row: list[str],                # its cells
) -> list[str]:                    # the cells that stand alone, with their headings
    "A column of a score needs its interval in the cell or in a neighbour."
    found = []
    for place, (name, cell) in enumerate(zip(header, row)):
        neighbours = " ".join(header[max(place - 1, 0):place + 2])
        beside = re.search(r"interval|95 %|\bp\b|remark", neighbours)
        scored = METRIC.search(name) and re.search(r"\d*\.\d+", cell)
        if scored and not beside and not VOICE.search(cell):
            found.append(f"{name}: {cell}")
    return found


def _text_tables(
    lines: list[str],              # of a terminal
) -> Iterator[tuple[list[str], list[str]]]:
    "Header and row of each row of a Markdown table."
    header = None
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            header = None
        elif header is None:
            header = cells
        elif set("".join(cells)) - set("-"):
            yield header, cells


def unvoiced_text(
    text: str,                     # what a command printed, or the text of a notebook's output
) -> list[str]:                    # lines and cells that stand alone
    "Scores without a voice in a terminal."
    lines = text.splitlines()
    found = [cell for header, row in _text_tables(lines) for cell in _cells(header, row)]
    for line in lines:
        if not line.startswith("|"):
            found += [sentence.strip() for sentence in _sentences(line) if _alone(sentence)]
    return list(dict.fromkeys(found))


class _Page(HTMLParser):
    "Tables, tiles and prose of a page, without its pictures."

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.prose: list[str] = []
        self.skip, self.cell, self.inside = 0, False, 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        "Opens a table, a row, a cell or a paragraph."
        if tag in ("svg", "style", "script", "head"):
            self.skip += 1
        elif tag == "table":
            self.tables.append([])
            self.inside += 1
        elif tag == "tr" and self.inside:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.inside:
            self.tables[-1][-1].append("")
            self.cell = True
        elif tag in ("p", "li", "h1", "h2", "h3", "caption", "figcaption", "div", "dl", "ul"):
            self.prose.append("")

    def handle_endtag(self, tag: str) -> None:
        "Closes it."
        if tag in ("svg", "style", "script", "head"):
            self.skip -= 1
        elif tag == "table":
            self.inside -= 1
        elif tag in ("td", "th"):
            self.cell = False
        elif tag in ("p", "li", "div", "dl", "ul"):
            self.prose.append("")

    def handle_data(self, data: str) -> None:
        "Keeps the text where it belongs."
        if self.skip:
            return
        if self.inside and self.cell:
            self.tables[-1][-1][-1] += data
        else:
            self.prose[-1:] = [(self.prose[-1] if self.prose else "") + " " + data.strip()]


def unvoiced_html(
    text: str,                     # a page, or the HTML of a notebook's output
) -> list[str]:                    # sentences and cells that stand alone
    "Scores without a voice on a page."
    page = _Page()
    page.feed(text)
    found = []
    for table in page.tables:
        for row in table[1:]:
            found += _cells(table[0], row) if len(table[0]) > 1 else []
            head = row[0] if row else ""
            told = " ".join(row)
            if METRIC.search(head) and NUMBER.search(" ".join(row[1:])) and not VOICE.search(told):
                if not re.search(r"interval|95 %", " ".join(table[0])):
                    found.append(told)
    for piece in page.prose:
        found += [sentence.strip() for sentence in _sentences(piece) if _alone(sentence)]
    return list(dict.fromkeys(" ".join(one.split()) for one in found))
