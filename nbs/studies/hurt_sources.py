"""Wrong inputs and attacks on sources, names and tables for `hard_to_hurt.ipynb`.

`CASES` is a list of (name, function); the function takes an empty folder, does it, and returns the
first line of the answer:
`ok ...` where the call went through, or `KindOfError: message`.
"""

import io
import os
import socket
import struct
import subprocess
import sys
import zlib

import datasets
import numpy as np
import pandas as pd
import PIL.Image
import pyarrow
import pyarrow.parquet

from expression_research.data import load_expressions
from expression_research.faces import generate_faces

CASES = []
_FACES = None


def case(function):
    CASES.append((function.__name__, function))
    return function


def faces():
    global _FACES
    if _FACES is None:
        _FACES = generate_faces({"train": 24, "validation": 9, "test": 9}, side=32, seed=1)
    return _FACES


def photos(folder):
    "class/file.png below folder/photos."
    names = faces()["train"].features["label"].names
    root = folder / "photos"
    for split, rows in faces().items():
        for row, sample in enumerate(rows):
            place = root / names[sample["label"]]
            place.mkdir(parents=True, exist_ok=True)
            sample["image"].save(place / f"p{row % 6}-{len(list(root.rglob('*.png'))):03d}.png")
    return root


def first(root):
    return sorted(root.rglob("*.png"))[0]


def said(call, *given, **options):
    try:
        out = call(*given, **options)
        words = (
            out.origin.line() if hasattr(out, "origin") else f"{type(out).__name__} of {len(out)}"
        )
        return f"ok {words}"
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


def cli(*arguments, user=None, seconds=120, **more):
    "The first line that the command line says on its standard error, or else output."
    command = [
        sys.executable,
        "-c",
        "from expression_research.cli import main; main()",
        *map(str, arguments),
    ]
    environment = {**os.environ, "TQDM_DISABLE": "1", **more}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, env=environment, user=user
        )
    except subprocess.TimeoutExpired:
        return "HANG"
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    if "Traceback" in done.stderr:
        return f"TRACEBACK {lines[-1]}"
    return f"exit {done.returncode}: {lines[0] if lines else ''}"


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width, height):
    def chunk(name, body):
        return (
            struct.pack(">I", len(body))
            + name
            + body
            + struct.pack(">I", zlib.crc32(name + body))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(bytes(99)))
        + chunk(b"IEND", b"")
    )


NOISE = PIL.Image.fromarray(
    np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
)
NOISE_PNG = encoded(NOISE, "PNG")


# ---- (1) what may not be read -------------------------------------------------------------


def _as_nobody(folder, mode, victim):
    root = photos(folder)
    os.chmod(folder, 0o755)
    os.chmod(victim(root), mode)
    return _said_by_nobody(folder, root)


def _said_by_nobody(folder, source):
    "`said` in a child process that is not root, whom no mode stops."
    cache = folder / "cache"
    cache.mkdir()
    os.chmod(cache, 0o777)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgid(65534)
            os.setuid(65534)
            datasets.config.HF_DATASETS_CACHE = cache
            os.write(writer, said(load_expressions, source).encode("utf-8", "backslashreplace"))
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as file:
        return file.read()


for label, mode in (("000", 0), ("444", 0o444), ("111", 0o111)):
    for what, victim in (("class", lambda root: root / "sad"), ("source", lambda root: root)):

        def locked(folder, mode=mode, victim=victim):
            return _as_nobody(folder, mode, victim)

        CASES.append((f"locked_{what}_{label}", locked))


@case
def locked_picture(folder):
    return _as_nobody(folder, 0, first)


@case
def locked_table(folder):
    root = photos(folder)
    frame = pd.DataFrame({"file": [path.name for path in root.rglob("*.png")]})
    frame["label"] = [path.parent.name for path in root.rglob("*.png")]
    frame.to_csv(root / "labels.csv", index=False)
    os.chmod(root / "labels.csv", 0)
    os.chmod(folder, 0o755)
    return _said_by_nobody(folder, root / "labels.csv")


@case
def locked_parent(folder):
    root = photos(folder / "above")
    os.chmod(folder, 0o755)
    os.chmod(folder / "above", 0)
    return _said_by_nobody(folder, root)


# ---- (2) outputs inside inputs ------------------------------------------------------------


def _outputs(root, where, names):
    for name in names:
        (root / where / name).parent.mkdir(parents=True, exist_ok=True)
        (root / where / name).touch()
    return said(load_expressions, root)


for label, where, names in (
    (
        "run",
        "runs/tinyvgg-s0-1",
        [
            "config.json",
            "environment.json",
            "manifest.json",
            "last/state.safetensors",
            "figures/curves.svg",
        ],
    ),
    ("begun_run", "runs/tinyvgg-s0-1", ["environment.json", ".lock"]),
    (
        "crossval",
        "runs/crossval-tinyvgg-5-s0-1",
        ["config.json", "0-0/job.json", "0-0/predictions.parquet"],
    ),
    ("baselines", "runs/baselines/0123456789abcdef", ["hog.parquet", "majority.parquet"]),
    ("ledger", ".", ["ledger.jsonl", "summary.json", "report.html", "comparison.html"]),
    ("audit", ".", ["audit.html", "findings.csv", "images.csv", "copies.csv"]),
):

    def outputs(folder, where=where, names=names):
        return _outputs(photos(folder), where, names)

    CASES.append((f"output_{label}_in_source", outputs))


@case
def output_predictions_in_source(folder):
    root = photos(folder)
    rows = [f"{path.relative_to(root)},happy,1.0\n" for path in root.rglob("*.png")]
    (root / "predictions.csv").write_text("file,prediction,happy\n" + "".join(rows))
    return said(load_expressions, root)


@case
def run_folder_as_source(folder):
    for name in ("config.json", "environment.json", "manifest.json", "metrics.json"):
        (folder / name).write_text("{}")
    return said(load_expressions, folder)


# ---- (3) special files --------------------------------------------------------------------

for kind in ("jpg", "csv", "parquet", "jsonl", "tsv", "zip", ""):

    def pipe(folder, kind=kind):
        os.mkfifo(folder / f"pipe.{kind}".rstrip("."))
        return said(load_expressions, folder / f"pipe.{kind}".rstrip("."))

    CASES.append((f"pipe_as_source_{kind or 'bare'}", pipe))

    def inside(folder, kind=kind):
        root = photos(folder)
        os.mkfifo(root / "sad" / f"pipe.{kind}".rstrip("."))
        (root / "sad" / f"link.{kind}".rstrip(".")).symlink_to(f"pipe.{kind}".rstrip("."))
        return said(load_expressions, root)

    CASES.append((f"pipe_in_class_{kind or 'bare'}", inside))


@case
def socket_in_class(folder):
    root = photos(folder)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(root / "sad" / "s.jpg"))
    return said(load_expressions, root)


@case
def link_to_endless_device(folder):
    root = photos(folder)
    (root / "sad" / "zero.png").symlink_to("/dev/zero")
    return said(load_expressions, root)


@case
def device_as_source(folder):
    return said(load_expressions, "/dev/zero")


@case
def pipe_in_saved_data(folder):
    faces().save_to_disk(folder / "saved")
    (folder / "saved" / "train" / "state.json").unlink()
    os.mkfifo(folder / "saved" / "train" / "state.json")
    return said(load_expressions, folder / "saved")


# ---- (4) expressions that explode ---------------------------------------------------------

for number, pattern in enumerate(
    (
        r"(\w+)+!",
        r"^(?:(a+)+)$x",
        r"((a|aa)+)$",
        r"p(\d+",
        "(a)(b)",
        "(x{99999999999})",
        "(" * 500 + ")" * 500,
        "(a)" + "b" * 5000,
        r"(.*)*.*.*.*.*.*.*=",
        b"p(1)",
    )
):

    def exploding(folder, pattern=pattern):
        root = photos(folder)
        first(root).rename(first(root).with_name("a" * 60 + ".png"))
        return said(load_expressions, root, subject_pattern=pattern)

    CASES.append((f"pattern_{number}", exploding))

for name, head in {
    "braces": "configs: [{data_files: '" + "{a,b}" * 40 + "'}]",
    "stars": "configs: [{data_files: '" + "**/" * 40 + "x.parquet'}]",
    "aliases": "a: &a [x, x]\n"
    + "\n".join(
        f"a{n}: &a{n} [{', '.join(['*a' + (str(n - 1) if n else '')] * 9)}]" for n in range(20)
    )
    + "\nconfigs: [{data_files: *a19}]",
    "outside": "configs: [{data_files: ../*.parquet}]",
    "absolute": "configs: [{data_files: /etc/*}]",
    "nothing": "configs: {}",
    "deep": "configs: " + "[" * 5000,
}.items():

    def readme(folder, head=head):
        for split, rows in faces().items():
            rows.to_parquet(folder / f"{split}.parquet")
        (folder / "README.md").write_text(f"---\n{head}\n---\n")
        return said(load_expressions, folder)

    CASES.append((f"readme_{name}", readme))


# ---- (5) pictures elsewhere ---------------------------------------------------------------


def _secret(folder):
    path = folder / "secret.png"
    path.write_bytes(NOISE_PNG)
    return path


def _stranger(folder, path):
    root = photos(folder)
    rows = [
        {"image": {"bytes": None, "path": f"{one}"}, "label": one.parent.name}
        for one in sorted(root.rglob("*.png"))
    ]
    rows[0]["image"]["path"] = f"{path}"
    kinds = datasets.Features({"image": datasets.Image(), "label": datasets.Value("string")})
    pyarrow.parquet.write_table(
        datasets.Dataset.from_list(rows, features=kinds).data.table, root / "rows.parquet"
    )
    for one in root.iterdir():
        if one.is_dir():
            one.rename(root / f".{one.name}") if False else None
    return root


for name, where in {
    "absolute": "{}/secret.png",
    "dots": "{}/photos/../secret.png",
    "device": "/dev/zero",
    "passwords": "/etc/passwd",
    "address": "http://127.0.0.1:9/x.png",
    "nul": "a\0b",
    "proc": "/proc/self/environ",
}.items():

    def parquet_path(folder, where=where):
        _secret(folder)
        root = _stranger(folder, where.format(folder))
        return said(load_expressions, root / "rows.parquet")

    CASES.append((f"parquet_path_{name}", parquet_path))

    def table_path(folder, where=where):
        _secret(folder)
        root = photos(folder)
        files = [f"{one.relative_to(root)}" for one in sorted(root.rglob("*.png"))]
        labels = [one.split("/")[0] for one in files]
        files[0] = where.format(folder)
        pd.DataFrame({"file": files, "label": labels}).to_csv(root / "labels.csv", index=False)
        return said(load_expressions, root / "labels.csv")

    CASES.append((f"table_path_{name}", table_path))


@case
def link_to_picture_outside(folder):
    root = photos(folder)
    (root / "sad" / "x.png").symlink_to(_secret(folder))
    return said(load_expressions, root)


@case
def link_to_folder_outside(folder):
    root = photos(folder)
    (folder / "more").mkdir()
    _secret(folder).rename(folder / "more" / "a.png")
    (root / "joy").symlink_to(folder / "more")
    return said(load_expressions, root)


@case
def link_to_the_whole_disk(folder):
    root = photos(folder)
    (root / "joy").symlink_to("/usr")
    return said(load_expressions, root)


@case
def link_in_a_circle(folder):
    root = photos(folder)
    (root / "sad" / "a.png").symlink_to("b.png")
    (root / "sad" / "b.png").symlink_to("a.png")
    return said(load_expressions, root)


@case
def saved_data_names_another_folder(folder):
    faces().save_to_disk(folder / "saved")
    record = folder / "saved" / "dataset_dict.json"
    record.write_text(record.read_text().replace("validation", "../other"))
    return said(load_expressions, folder / "saved")


@case
def link_outside_agreed(folder):
    root = photos(folder)
    (root / "sad" / "x.png").symlink_to(_secret(folder))
    return said(load_expressions, root, follow_outside=True)


# ---- (6) names ----------------------------------------------------------------------------

for name, text in {
    "escape": "a\x1b[2Jb",
    "newline": "a\nb",
    "bell": "a\x07",
    "override": "a\u202egnp",
    "line_separator": "a\u2028b",
    "delete": "a\x7f",
    "long": "a" * 240,
    "formula": "$x_{",
    "formula_2": "$\\frac{1}{2}$",
    "markup": "<script>alert(1)</script>"[:200].replace("/", ""),
    "percent": "%s%n{0}",
    "dash": "-rf",
    "quote": "a'\"`b",
    "comma": "a,b",
    "rtl_mark": "a\u200fb",
    "hebrew": "שמח",
    "emoji": "😀",
    "blank": " a ",
    "cell": "=1+1",
}.items():

    def named_class(folder, text=text):
        root = photos(folder)
        (root / "sad").rename(root / text)
        return said(load_expressions, root)

    CASES.append((f"class_{name}", named_class))

    def named_file(folder, text=text):
        root = photos(folder)
        first(root).rename(first(root).with_name(f"{text}.png"))
        return said(load_expressions, root)

    CASES.append((f"file_{name}", named_file))

    def named_cell(folder, text=text):
        root = photos(folder)
        files = sorted(root.rglob("*.png"))
        labels = [text if one.parent.name == "sad" else one.parent.name for one in files]
        pd.DataFrame({"file": [one.name for one in files], "label": labels}).to_csv(
            root / "labels.csv", index=False
        )
        return said(load_expressions, root / "labels.csv")

    CASES.append((f"cell_{name}", named_cell))


@case
def file_not_utf8(folder):
    root = photos(folder)
    os.rename(os.fsencode(first(root)), os.fsencode(root / "sad") + b"/\xff.png")
    return said(load_expressions, root)


@case
def hidden_file_not_utf8(folder):
    root = photos(folder)
    open(os.fsencode(root / "sad") + b"/.\xff", "w").close()
    return said(load_expressions, root)


@case
def class_not_utf8(folder):
    root = photos(folder)
    os.rename(root / "sad", os.fsencode(root) + b"/s\xe4d")
    return said(load_expressions, root)


@case
def column_with_escape(folder):
    kinds = datasets.Features(
        {
            "image": datasets.Image(),
            "label": datasets.Value("string"),
            "a\x1b[2J": datasets.Value("string"),
        }
    )
    rows = {
        "image": [{"bytes": NOISE_PNG, "path": "b.png"}] * 10,
        "label": ["a", "b"] * 5,
        "a\x1b[2J": ["x"] * 10,
    }
    datasets.Dataset.from_dict(rows, features=kinds).to_parquet(folder / "a.parquet")
    return said(load_expressions, folder / "a.parquet")


@case
def classlabel_with_escape(folder):
    kinds = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["a\x1b[2J", "b"])}
    )
    rows = {"image": [{"bytes": NOISE_PNG, "path": "b.png"}] * 10, "label": [0, 1] * 5}
    datasets.Dataset.from_dict(rows, features=kinds).to_parquet(folder / "a.parquet")
    return said(load_expressions, folder / "a.parquet")


# ---- (7) tables --------------------------------------------------------------------------

for name, content in {
    "nul": b"file,la\0bel\n1.png,sad\n",
    "utf16": "file,label\n1.png,sad\n".encode("utf-16"),
    "mixed": "file,label\n1.png,ä\n".encode() + b"2.png,\xe4\n",
    "quote": b'file,label\n"1.png,sad\n',
    "many_cells": b"file,label\n1.png,sad,3,4\n",
    "wide": b",".join([b"c"] * 50_000) + b"\n",
    "empty": b"",
    "header": b"file,label\n",
    "huge_field": b"file,label\n1.png," + b"x" * 10**7 + b"\n",
    "binary": bytes(range(256)) * 9,
    "one_line": b"x" * 10**7,
    "newlines": b"\n" * 10**6,
}.items():

    def csv_table(folder, content=content):
        (folder / "1.png").write_bytes(NOISE_PNG)
        (folder / "t.csv").write_bytes(content)
        return said(load_expressions, folder / "t.csv")

    CASES.append((f"csv_{name}", csv_table))

for name, content in {
    "deep": b'{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}\n",
    "digits": b'{"a":' + b"9" * 9999 + b"}\n",
    "cut": b'{"file":"1.p',
    "list": b"[1]\n",
    "surrogate": b'{"file":"1.png","label":"\\ud800"}\n',
    "nan": b'{"file":"1.png","label":NaN}\n',
    "nul": b'{"file":"1.png","label":"a\\u0000"}\n',
}.items():

    def json_table(folder, content=content):
        (folder / "1.png").write_bytes(NOISE_PNG)
        (folder / "t.jsonl").write_bytes(content)
        return said(load_expressions, folder / "t.jsonl")

    CASES.append((f"jsonl_{name}", json_table))

_whole = None


def _parquet(folder):
    datasets.concatenate_datasets(list(faces().values())).remove_columns("subject").to_parquet(
        folder / "a.parquet"
    )
    return folder / "a.parquet"


@case
def parquet_torn(folder):
    path = _parquet(folder)
    path.write_bytes(path.read_bytes()[:-200])
    return said(load_expressions, path)


@case
def parquet_bits(folder):
    path = _parquet(folder)
    content = bytearray(path.read_bytes())
    for place in range(100, len(content) - 100, max(1, len(content) // 50)):
        content[place] ^= 0xFF
    path.write_bytes(content)
    return said(load_expressions, path)


@case
def parquet_footer_bits(folder):
    path = _parquet(folder)
    content = bytearray(path.read_bytes())
    for place in range(len(content) - 400, len(content) - 12, 7):
        content[place] ^= 0x55
    path.write_bytes(content)
    return said(load_expressions, path)


for name, text in {
    "deep": "[" * 10**5,
    "kind": '{"info": {"features": {"image": {"_type": "os.system"}}}}',
    "list": "[]",
    "number": '{"info": 3}',
    "other": '{"info": {"features": {"x": {"_type": "Image"}}}}',
}.items():

    def parquet_metadata(folder, text=text):
        table = pyarrow.parquet.read_table(_parquet(folder))
        pyarrow.parquet.write_table(
            table.replace_schema_metadata({"huggingface": text}), folder / "b.parquet"
        )
        return said(load_expressions, folder / "b.parquet")

    CASES.append((f"parquet_metadata_{name}", parquet_metadata))


@case
def parquet_rows_without_end(folder):
    pyarrow.parquet.write_table(
        pyarrow.table({"label": pyarrow.nulls(2 * 10**8)}), folder / "a.parquet"
    )
    return said(load_expressions, folder / "a.parquet")


for name, source in {
    "long": "x" * 5000,
    "nul": "a\0b",
    "escape": "\x1b[2J",
    "number": 3,
    "none": None,
    "empty": "",
    "home": "~nobody/none",
    "list": [],
    "bytes": b"photos",
}.items():

    def source_name(folder, source=source):
        return said(load_expressions, source)

    CASES.append((f"source_{name}", source_name))
