"""Whether a site holds: its links and anchors by its HTML, its looks and its search in a browser without network."""
import os
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

try:
    from playwright.sync_api import sync_playwright
    from playwright.sync_api import TimeoutError as NotInTime
except ImportError:                                  # then the HTML alone is checked
    sync_playwright, NotInTime = None, TimeoutError

PATIENCE = 10_000                                    # milliseconds for the search's index to come
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTHS = {"phone": 390, "desk": 1280}                # CSS pixels
FETCHES = dict.fromkeys(("script", "img", "iframe", "source", "video", "audio"), "src") | {"link": "href"}
FAR = re.compile(r"(?:https?:)?//", re.I)
STYLE_FAR = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"]?)(?:https?:)?//[^)'\"]*", re.I)


class Reader(HTMLParser):
    "What a page links to, what it fetches, and which places it has."

    def __init__(self):
        "Nothing read yet."
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.places: Counter[str] = Counter()
        self.inside = ""                             # the tag whose text is read, for styles

    def handle_starttag(self, tag: str, attrs: list) -> None:
        "One tag."
        said = {name: value or "" for name, value in attrs}
        self.inside = tag
        if "id" in said:
            self.places[said["id"]] += 1
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if said.get(FETCHES.get(tag, "")):
            self.fetched.append(said[FETCHES[tag]])
        self.fetched += [found.group(0) for found in STYLE_FAR.finditer(said.get("style", ""))]

    def handle_endtag(self, tag: str) -> None:
        "The end of a tag."
        self.inside = ""

    def handle_data(self, data: str) -> None:
        "Text; only that of styles can fetch something."
        if self.inside == "style":
            self.fetched += [found.group(0) for found in STYLE_FAR.finditer(data)]


def broken_pages(
    site: Path,                    # its folder
) -> list[str]:                    # complaints
    "Links without a page, anchors without a place, places that stand twice, and what would be fetched from elsewhere."
    pages, complaints = {}, []
    for path in sorted(site.rglob("*.html")):
        reader = Reader()
        reader.feed(path.read_text(encoding="utf-8"))
        pages[path] = reader
    for path, reader in pages.items():
        name = path.relative_to(site).as_posix()
        for link in reader.links + reader.fetched:
            if re.match(r"[a-z][a-z0-9+.-]*:", link, re.I) or FAR.match(link):
                continue
            file, _, anchor = link.partition("#")
            target = Path(os.path.normpath(path.parent / unquote(file))) if file else path
            if not target.is_file() or not target.is_relative_to(site):
                complaints.append(f"{name}: no file behind the link {link}")
            elif anchor and target in pages and unquote(anchor) not in pages[target].places:
                complaints.append(f"{name}: no such place on the page: {link}")
        far = [link for link in reader.fetched if FAR.match(link) or STYLE_FAR.match(link)]
        complaints += [f"{name}: would fetch {link}" for link in far]
        ours = {place: times for place, times in reader.places.items() if times > 1 and "." in place}
        complaints += [f"{name}: {times} places are called {place}" for place, times in ours.items()]
    for path in (site / "style.css", site / "site.js"):
        far = re.findall(r"(?:https?:)?//[\w.-]+\.\w+/\S*", path.read_text(encoding="utf-8"))
        complaints += [f"{path.name}: names {link}" for link in far]
    return complaints


def browser() -> str:              # its path, "" for none
    "A Chromium of this machine; `CHROMIUM` names another one."
    named = os.environ.get("CHROMIUM", "")
    return named or next((found for found in map(shutil.which, BROWSERS) if found), "")


def browser_complaints(
    site: Path,                    # its folder
    searches: dict[str, str] | None = None,          # what is typed -> address that must come first
) -> list[str] | None:             # None where there is no browser to try it in
    "Pages open from the disk at a phone's and a desk's width; nothing is asked for elsewhere; the search finds."
    program = browser()
    if not program or sync_playwright is None:
        return None
    complaints: list[str] = []
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for words, width in WIDTHS.items():
            for scheme in ("light", "dark"):
                window = {"width": width, "height": 844}
                context = chromium.new_context(viewport=window, color_scheme=scheme, offline=True)
                complaints += tried(context, site, f"{words}, {scheme}", searches or default_searches(site))
                context.close()
        chromium.close()
    return complaints


def default_searches(
    site: Path,
) -> dict[str, str]:
    "What must be found: a function by its name, and where the guards have pages, the one of frozen parts."
    searches = {"train_step": "train/38_engine.html#engine.train_step"}
    for path in sorted((site / "guards").glob("ER*.html"), reverse=True):
        title = path.read_text(encoding="utf-8").partition("</title>")[0]
        if "frozen" in title:
            searches["frozen"] = f"guards/{path.name}"
    return searches


def tried(
    context,                       # of playwright, offline
    site: Path,
    where: str,                    # for the complaints, such as "phone, dark"
    searches: dict[str, str],      # typed -> address
) -> list[str]:                    # complaints
    "A few pages in one window."
    complaints: list[str] = []
    page = context.new_page()
    top = site.as_uri()

    def asked(request) -> None:
        if not request.url.startswith((top, "data:", "blob:")):
            complaints.append(f"{where}: {page.url} asked for {request.url}")

    page.on("request", asked)
    def said(message) -> None:
        if message.type == "error":
            complaints.append(f"{where}: {page.url}: {message.text}")

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(f"{where}: {page.url}: {error}"))
    names = ["index.html", "api.html", "guards/index.html", "train/38_engine.html", "studies/expression_detect.html"]
    names += [path.relative_to(site).as_posix() for path in sorted((site / "guards").glob("ER*.html"))[:1]]
    for name in names:
        if not (site / name).is_file():
            continue
        page.goto(f"{top}/{name}")
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if too_wide > 0:
            complaints.append(f"{where}: {name} is {too_wide} pixels wider than the window")
    for words, target in searches.items():
        page.goto(f"{top}/index.html")
        page.fill("#search", words)
        try:
            page.wait_for_selector("#found [role=option] a", timeout=PATIENCE)
        except NotInTime:
            complaints.append(f"{where}: a search for {words!r} finds nothing")
            continue
        page.press("#search", "Enter")
        page.wait_for_load_state()
        if page.url != f"{top}/{target}":
            complaints.append(f"{where}: a search for {words!r} led to {page.url.removeprefix(top)}, expected {target}")
    return complaints
