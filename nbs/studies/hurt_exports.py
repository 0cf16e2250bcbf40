"""Exports, their statements and the Hub for `hard_to_hurt.ipynb`: damaged, killed, published.

ONNX is left away where nothing depends on it: it takes seconds, and others of the tables have it.
"""
import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

from hurt_damages import Damage, ask, judge
from hurt_kills import drawn_events, killed, tree, undisturbed


@contextlib.contextmanager
def without_onnx() -> Iterator[None]:
    "Exports are made without ONNX files."
    with mock.patch("expression_research.export.missing_onnx", lambda: "left away here"):
        yield


# ---- damages -----------------------------------------------------------------------------------


def damaged_export(
    damage: Damage,                # of a file below `kept`
    kept: Path,                    # holds DIR, an export
    others: Path,                  # holds DIR, another run's
    run: Path,                     # finished, of which DIR is the export
) -> dict[str, str]:               # a row of the table
    "What `publish` says of a damaged export, and `export`, which would replace it."
    place = Path("sent")
    row = {"file": damage.file, "damage": damage.kind}
    calls = {
        "publish": ["publish", "sent/DIR", "anna/tiny", "--dry-run"],
        "export over it": ["export", run, "sent/DIR"],
    }
    for name, words in calls.items():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(kept, place)
        if not damage.do(place, others):
            return row | dict.fromkeys(calls, "same") | {"damage": "none"}
        before = tree(place, all_of_it=True)
        answer = ask(*words)
        told = judge(answer, answer, damage.file) if answer.status else "silent"
        row[name] = told if before == tree(place, all_of_it=True) else "lost"
    return row


def damaged_run(
    damage: Damage,                # of a file below `kept`
    kept: Path,                    # holds RUN, with its statement
    others: Path,                  # holds RUN, another one
    calls: dict[str, list[object]],    # what is asked; a page or folder goes to `made`
    whole: dict[str, tuple],       # from `answers`, of the run as it is
) -> dict[str, str]:               # a row of the table
    "What the new commands make of a damaged run."
    shutil.rmtree("runs", ignore_errors=True)
    shutil.copytree(kept, "runs")
    changed = damage.do(Path("runs"), others)
    row = {"file": damage.file, "damage": damage.kind if changed else "none"}
    for name, (answer, made) in answers(calls).items():
        row[name] = judge(answer, whole[name][0], damage.file, made == whole[name][1])
        if answer.status and made:
            row[name] = "left behind"
    return row


def answers(
    calls: dict[str, list[object]],
) -> dict[str, tuple]:             # name -> the answer, and the files that were made
    "Every call, and what it leaves in the folder `made`."
    found = {}
    for name, words in calls.items():
        shutil.rmtree("made", ignore_errors=True)
        Path("made").mkdir()
        answer = ask(*words)
        found[name] = answer, tree(Path("made"), all_of_it=True)
    return found


# ---- the Hub -----------------------------------------------------------------------------------


def _stand_in() -> type[BaseHTTPRequestHandler]:
    "The Hub that `67_publish` shows and tests: its cell is read, so that there is one of them."
    notebook = json.loads((Path(__file__).parents[1] / "use/67_publish.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"]]
    [source] = [cell for cell in cells if cell.startswith("class Hub(")]
    names: dict = {}
    exec("import contextlib, json, os, re, threading\n"
         "from base64 import b64decode\nfrom unittest.mock import patch\n"
         "from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer\n" + source, names)
    return names["Hub"]


def publish_kills(
    start: Path,                   # holds `older`, an export
    place: Path,                   # as for `killed`
    most: int = 12,
) -> list[list]:                   # rows of the table of kills
    "`publish` dies at its requests and files; at no moment is there half an export on the Hub."
    hub = _stand_in()
    server = ThreadingHTTPServer(("127.0.0.1", 0), hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = [f"HF_ENDPOINT=http://127.0.0.1:{server.server_port}", f"HF_TOKEN={hub.token}",
             "HF_HUB_DISABLE_XET=1", "publish", "older", "anna/tiny"]
    rows, states = [], []
    whole = {path.name: path.read_bytes() for path in (start / "older").iterdir()}
    commit = hub.commit

    def watched(self: object, *arguments: object) -> None:
        commit(self, *arguments)
        states.append(hub.repositories["anna/tiny"]["files"] == whole)

    hub.commit = watched
    try:
        events, files = undisturbed(start, place, words)
        for event in drawn_events(events, most):
            hub.repositories.clear()
            found = killed(start, place, words, event, files)
            kept = hub.repositories["anna/tiny"]
            fine = found.verdict == "fine" and kept["private"] and kept["files"] == whole
            verdict = "fine" if fine and all(states) else f"{found.verdict}, not whole there"
            row = [event, events[event - 1], verdict, found.lost, found.differs, found.said]
            rows.append(["publish", *row])
    finally:
        server.shutdown()
        server.server_close()
    return rows
