"""Finds scores that stand alone: no interval, no null and no word for why there is none."""
import re
from collections.abc import Iterator
from html.parser import HTMLParser

METRIC = re.compile(
    r"\b(?:accuracy|acc|(?:macro )?F1|recall|precision|loss|nats|Brier|ECE|calibration error|"
    r"points?)\b",
    re.I,
)
NUMBER = re.compile(
    r"(?<![\w.])[-+−]?\d*\.\d+(?![\w%])|\b\d+ of \d+ (?:right|images)|\b\d+/\d+\b|"
    r"\b\d+(?:\.\d+)? points?\b"
)
# an interval, a p-value, a null, or the word for why there is none
VOICE = re.compile(
    r"interval|\d\)?\s*(?:to|–)\s*[-+−]?[\d.]|\bp\s*[=<≤]|\bnull\b|\bby chance\b|\bln \d|"
    r"not (?:defined|judged|tested)|equal groups|cannot be told|too few|withheld|"
    r"the commonest class|each class is",
    re.I,
)
# numbers that are no score of a model
NO_SCORE = {
    r"^epoch +\d+ \||lowest validation loss": "the log of a training, on the way to its best epoch",
    r"[Oo]ne (?:\w+ )?image is [\d.]+ points": "the grid on which accuracies lie",
    r"learning rate": "a setting",
    r"[Aa] true (?:gap|difference) of": "power, which is told with its own frequency",
    r"would make it -?\d+ points": "what classes alone would make",
    r"seeds spread by": "the spread itself",
    r"^seen:": "what a check of the training looked at",
}
EXPLAINED = re.compile(r"dash where|dash for|dash stands")  # a page that says what its dashes mean


def _is_score(
    text: str,                     # a line, a sentence, or a cell with its heading
) -> bool:
    "Whether it tells a score of a model."
    if any(re.search(pattern, text) for pattern in NO_SCORE):
        return False
    return bool(METRIC.search(text) and NUMBER.search(text))


def alone(
    text: str,                     # a line, a sentence, or a cell with its heading
) -> bool:
    "Whether it tells a score and nothing about its uncertainty."
    return _is_score(text) and not VOICE.search(text)


def _sentences(
    text: str,                     # prose
) -> list[str]:
    "Sentences; a score's is joined by the next one, which may hold its uncertainty."
    found = re.split(r"(?<=[.:;!?])\s+(?=[A-Z“+])", " ".join(text.split()))
    after = [*found[1:], ""]
    return [f"{one} {more}".strip() if alone(one) else one for one, more in zip(found, after)]


def _cells(
    header: list[str],             # of a table
    row: list[str],                # its cells
    explained: bool,               # the page says what a dash means
) -> list[str]:                    # the cells that stand alone, with their headings
    "A score needs its interval in the cell, or in a column beside it."
    found = []
    for place, (name, cell) in enumerate(zip(header, row)):
        beside = " ".join(header[max(place - 1, 0):place + 2])
        told = re.search(r"interval|95 %|\bp\b|\blow\b|remark", beside) or VOICE.search(cell)
        told = told or (explained and "(–)" in cell)
        if _is_score(f"{name}: {cell}") and "." in cell and not told:
            found.append(f"{name}: {cell}")
    return found


def _text_tables(
    lines: list[str],              # of a terminal
) -> Iterator[tuple[list[str], list[str]]]:
    "Header and row of each row of a Markdown table."
    header: list[str] = []
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            header = []
        elif not header:
            header = cells
        elif set("".join(cells)) - set("-"):
            yield header, cells


def unvoiced_text(
    text: str,                     # what a command printed
) -> list[str]:                    # lines and cells that stand alone
    "Scores without a voice in a terminal."
    lines, explained = text.splitlines(), bool(EXPLAINED.search(text))
    found = []
    for header, row in _text_tables(lines):
        found += _cells(header, row, explained)
    for line in lines:
        if not line.startswith("|"):
            found += [sentence for sentence in _sentences(line) if alone(sentence)]
    return list(dict.fromkeys(found))


class _Page(HTMLParser):
    "Tables, tiles and prose of a page, without its pictures."
    UNSEEN = ("svg", "style", "script", "head")
    BLOCKS = ("p", "li", "h1", "h2", "h3", "caption", "figcaption", "div", "ul")

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.prose: list[str] = [""]
        self.tiles: list[str] = []
        self.unseen = self.depth = 0
        self.place = "prose"       # where text goes: prose, cell, tile

    def handle_starttag(self, tag: str, attrs: list) -> None:
        "Opens a table, a row, a cell, a tile or a paragraph."
        if tag in self.UNSEEN:
            self.unseen += 1
        elif tag == "table":
            self.tables.append([])
            self.depth += 1
        elif tag == "tr" and self.depth:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.depth:
            self.tables[-1][-1].append("")
            self.place = "cell"
        elif tag == "dt":
            self.tiles.append("")
            self.place = "tile"
        elif tag in self.BLOCKS:
            self.prose.append("")

    def handle_endtag(self, tag: str) -> None:
        "Closes it."
        if tag in self.UNSEEN:
            self.unseen -= 1
        elif tag == "table":
            self.depth -= 1
        elif tag in ("td", "th", "dd"):
            self.place = "prose"
        elif tag in self.BLOCKS:
            self.prose.append("")

    def handle_data(self, data: str) -> None:
        "Keeps the text where it belongs."
        if self.unseen:
            return
        if self.place == "cell":
            self.tables[-1][-1][-1] += data
        elif self.place == "tile":
            self.tiles[-1] += f" {data.strip()}"
        else:
            self.prose[-1] += f" {data.strip()}"


def unvoiced_html(
    text: str,                     # a page, or the HTML of a notebook's output
) -> list[str]:                    # sentences, tiles and cells that stand alone
    "Scores without a voice on a page."
    page, found = _Page(), []
    page.feed(text)
    explained = bool(EXPLAINED.search(text))
    for table in page.tables:
        for row in table[1:]:
            found += _cells(table[0], row, explained)
    tiles = [*page.tiles, ""]
    found += [one for one, after in zip(tiles, tiles[1:]) if alone(one) and "interval" not in after]
    for piece in page.prose:
        found += [sentence for sentence in _sentences(piece) if alone(sentence)]
    return list(dict.fromkeys(" ".join(one.split()) for one in found))
