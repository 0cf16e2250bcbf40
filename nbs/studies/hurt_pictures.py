"""Wrong inputs, damages and attacks on pictures, weights and caches for `hard_to_hurt.ipynb`.

`CASES` is as in [`hurt_sources.py`](hurt_sources.py).
"""

import os
import pickle
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import datasets
import numpy as np
import PIL.Image
import torch

from expression_research.data import load_expressions
from expression_research.store import pixel_store
from expression_research.weights import read_weights
from hurt_sources import NOISE, NOISE_PNG, encoded, faces, photos, png, said

CASES = []


def case(function):
    CASES.append((function.__name__, function))
    return function


# ---- (1) pictures -------------------------------------------------------------------------


def _replace(folder, content, name="photo.jpg"):
    root = photos(folder)
    (root / "sad" / name).write_bytes(content)
    return said(load_expressions, root)


_jpeg, _big = encoded(NOISE, "JPEG"), PIL.Image.new("L", (3000, 3000))
_scan = encoded(NOISE.resize((4000, 4000)), "JPEG", progressive=True)
_at = _scan.index(b"\xff\xda")
_bmp = bytearray(encoded(NOISE, "BMP"))
_bmp[18:26] = struct.pack("<ii", 40_000, 40_000)
_webp = bytearray(encoded(NOISE, "WEBP", lossless=True))
_webp[21:25] = struct.pack("<I", (16382) | (16382 << 14))
_tiff = encoded(PIL.Image.new("1", (60_000, 60_000)), "TIFF", compression="group4")
_ztxt = b"k\0\0" + zlib.compress(bytes(2**27))
_bombtext = (
    NOISE_PNG[:33]
    + struct.pack(">I", len(_ztxt))
    + b"zTXt"
    + _ztxt
    + struct.pack(">I", zlib.crc32(b"zTXt" + _ztxt))
    + NOISE_PNG[33:]
)
for name, content in {
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    b"(%pipe%touch owned) (w) file\n",
    "eps_binary": b"\xc5\xd0\xd3\xc6"
    + struct.pack("<II", 32, 90)
    + bytes(20)
    + b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "psd": b"8BPS\0\1" + bytes(60),
    "icns": b"icns" + bytes(60),
    "wmf": b"\xd7\xcd\xc6\x9a\0\0" + bytes(60),
    "pdf": b"%PDF-1.7",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "fits": b"SIMPLE  = " + bytes(99),
    "bomb_png": png(50_000, 50_000),
    "bomb_png_wide": png(2**31 - 1, 1),
    "bomb_pgm": b"P5 90000 90000 255\n" + bytes(50),
    "bomb_bmp": bytes(_bmp),
    "bomb_tiff": _tiff,
    "bomb_webp": bytes(_webp),
    "bomb_text_in_png": _bombtext,
    "bomb_tga": b"\0\0\2" + bytes(9) + b"\xff\xff\xff\xff\x18\0",
    "bomb_gif": b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2L\1\0;",
    "bomb_jpeg_declared": _jpeg[: _jpeg.index(b"\xff\xc0") + 5]
    + b"\xff\xff\xff\xff"
    + _jpeg[_jpeg.index(b"\xff\xc0") + 9 :],
    "bomb_scans": _scan[:_at] + _scan[_at : _at + 12] * 2000 + _scan[_at:],
    "cut_jpeg": _jpeg[:300],
    "cut_png": NOISE_PNG[:200],
    "empty": b"",
    "garbage": bytes(range(256)),
    "pointer": b"version https://git-lfs.github.com/spec/v1\n",
    "html": b"<!DOCTYPE html><html>404",
    "zip": b"PK\3\4" + bytes(50),
    "zero_size_png": png(0, 5),
}.items():

    def picture(folder, content=content):
        return _replace(folder, content)

    CASES.append((f"picture_{name}", picture))


@case
def picture_gif_of_30000_frames(folder):
    frame = b"!\xf9\4\0\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return _replace(
        folder, b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 30_000 + b";", "photo.gif"
    )


@case
def picture_tiff_of_many_pages(folder):
    return _replace(
        folder, encoded(NOISE, "TIFF", save_all=True, append_images=[NOISE] * 500), "photo.tif"
    )


@case
def picture_tiff_in_a_circle(folder):
    content = bytearray(encoded(NOISE, "TIFF"))
    place = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack("<H", content[place : place + 2])[0]
    content[place + 2 + 12 * count : place + 6 + 12 * count] = struct.pack("<I", place)
    return _replace(folder, bytes(content), "photo.tif")


@case
def picture_file_of_two_gigabytes(folder):
    root = photos(folder)
    with open(root / "sad" / "huge.jpg", "wb") as file:
        file.truncate(2**31)
    return said(load_expressions, root)


@case
def bomb_in_parquet(folder):
    rows = {
        "image": [{"bytes": png(50_000, 50_000), "path": "a.png"}]
        + [{"bytes": NOISE_PNG, "path": "b.png"}] * 9,
        "label": ["a", "b"] * 5,
    }
    kinds = datasets.Features({"image": datasets.Image(), "label": datasets.Value("string")})
    datasets.Dataset.from_dict(rows, features=kinds).to_parquet(folder / "a.parquet")
    return said(load_expressions, folder / "a.parquet")


@case
def eps_in_parquet(folder):
    rows = {
        "image": [
            {
                "bytes": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
                "path": "a.jpg",
            }
        ]
        * 4,
        "label": ["a", "b"] * 2,
    }
    kinds = datasets.Features({"image": datasets.Image(), "label": datasets.Value("string")})
    datasets.Dataset.from_dict(rows, features=kinds).to_parquet(folder / "a.parquet")
    return said(load_expressions, folder / "a.parquet")


for name, cell in {
    "no_square": "1 2 3",
    "too_bright": "256 1 1 1",
    "minus": "-1 1 1 1",
    "empty": "",
    "long": "1 " * 10**6,
    "words": "a b c d",
    "huge_number": "9" * 5000,
}.items():

    def pixels(folder, cell=cell):
        rows = "".join(f"{n % 7},{'7 ' * 15}7,Training\n" for n in range(30))
        (folder / "fer.csv").write_text(f"emotion,pixels,Usage\n{rows}3,{cell},Training\n")
        return said(load_expressions, folder / "fer.csv")

    CASES.append((f"pixel_text_{name}", pixels))


# ---- (2) weights --------------------------------------------------------------------------


class Call:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


_state = {"fc.weight": torch.ones(3, 4), "fc.bias": torch.zeros(3)}
for name, call in {
    "system": (os.system, "touch owned"),
    "popen": (subprocess.Popen, ["true"]),
    "eval": (eval, "1"),
    "import": (__import__, "os"),
    "numpy_load": (np.load, "x"),
    "hub": (torch.hub.load, "x"),
    "torch_load": (torch.load, "x"),
    "jit": (torch.jit.load, "x"),
    "ones": (torch.ones, 10**10),
    "print": (print, "x"),
}.items():
    for form in ("alone", "beside", "bare", "older"):

        def code(folder, call=call, form=form):
            held = {"state_dict": _state, "x": Call(*call)} if form == "beside" else Call(*call)
            if form == "bare":
                (folder / "w.pth").write_bytes(pickle.dumps(held, 2))
            else:
                torch.save(held, folder / "w.pth", _use_new_zipfile_serialization=form != "older")
            return said(read_weights, folder / "w.pth")

        CASES.append((f"weights_code_{name}_{form}", code))


@case
def weights_zip_bomb(folder):
    with zipfile.ZipFile(folder / "w.pth", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("x/data.pkl", pickle.dumps({}))
        archive.writestr("x/data/0", bytes(2**29))
    return said(read_weights, folder / "w.pth")


@case
def weights_view_bomb(folder):
    torch.save({"weight": torch.ones(1).expand(2**31)}, folder / "w.pth")
    return said(read_weights, folder / "w.pth")


@case
def weights_many_views(folder):
    one = torch.ones(2**20)
    torch.save({f"w{n}": one for n in range(5000)}, folder / "w.pth")
    return said(read_weights, folder / "w.pth")


@case
def weights_legacy_bomb(folder):
    torch.save({"weight": torch.ones(3)}, folder / "w.pth", _use_new_zipfile_serialization=False)
    content = (folder / "w.pth").read_bytes()
    (folder / "w.pth").write_bytes(
        content.replace(b"cpuq\x06K\x03N", b"cpuq\x06J\xff\xff\xff\x7fN")
    )
    return said(read_weights, folder / "w.pth")


@case
def weights_nested_dictionaries(folder):
    deep = {}
    for _ in range(5):
        deep = {f"{number}": deep for number in range(300)}
    torch.save(deep, folder / "w.pth")
    return said(read_weights, folder / "w.pth")


for name, content in {
    "empty": b"",
    "pointer": b"version https://git-lfs.github.com/spec/v1\n",
    "html": b"<html>",
    "gzip": b"\x1f\x8b" + bytes(30),
    "safetensors_header": struct.pack("<Q", 2**40) + b"{}",
    "safetensors_deep": struct.pack("<Q", 20000)
    + b"{"
    + b'"a":{' * 3333
    + b"}" * 999
    + bytes(9999),
    "safetensors_short": struct.pack("<Q", 60)
    + b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}     '
    + bytes(5),
    "zip_cut": b"PK\3\4" + bytes(200),
    "pickle_bytes": b"\x80\x02]" + b"(" * 10**6,
    "pickle_huge_text": b"\x80\x04\x8d" + struct.pack("<Q", 2**60) + b"x",
}.items():

    def weights(folder, content=content):
        (folder / "w.pth").write_bytes(content)
        return said(read_weights, folder / "w.pth")

    CASES.append((f"weights_{name}", weights))

for name, value in {"nan": float("nan"), "inf": float("inf")}.items():

    def exploded(folder, value=value):
        torch.save({"a": torch.tensor([1.0, value])}, folder / "w.pth")
        return said(read_weights, folder / "w.pth")

    CASES.append((f"weights_{name}", exploded))


@case
def weights_pipe(folder):
    os.mkfifo(folder / "w.pth")
    return said(read_weights, folder / "w.pth")


@case
def weights_folder(folder):
    return said(read_weights, folder)


@case
def weights_name_too_long(folder):
    return said(read_weights, "x" * 10_000)


# ---- (3) caches ---------------------------------------------------------------------------


def _cache_damage(folder, damage, kind):
    "Whether the samples and pixels are those of an undamaged cache."
    root = photos(folder)
    before = datasets.config.HF_DATASETS_CACHE
    datasets.config.HF_DATASETS_CACHE = folder / "cache"
    try:
        if kind == "parquet":
            for split, rows in faces().items():
                rows.to_parquet(folder / f"{split}.parquet")
            root = [folder / f"{split}.parquet" for split in faces()]

        def load():
            ds = load_expressions(root)
            return ds.samples_hash, pixel_store(ds["train"], 16).batch(list(range(9))).tobytes()

        whole = load()
        for path in sorted((folder / "cache").rglob("*")):
            if path.suffix in (".arrow", ".json", ".xxh3", ".u8", ".sums") and path.is_file():
                damage(path)
        return "ok the same" if load() == whole else "WRONG other data"
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    finally:
        datasets.config.HF_DATASETS_CACHE = before


def _bit(path, place=0.5):
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.unlink()
    path.write_bytes(content)


def _cut(path):
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-9])


for name, damage in {
    "bit": _bit,
    "late_bit": lambda path: _bit(path, 0.9),
    "cut": _cut,
    "gone": Path.unlink,
    "empty": lambda path: (path.unlink(), path.touch()),
    "zeros": lambda path: (
        size := path.stat().st_size,
        path.unlink(),
        path.write_bytes(bytes(size)),
    ),
}.items():
    for kind in ("folder", "parquet"):

        def cache(folder, damage=damage, kind=kind):
            return _cache_damage(folder, damage, kind)

        CASES.append((f"cache_{name}_{kind}", cache))
