"""`expression app` in a real browser: files, drop, paste, two faces, camera, table, keyboard, phone, dark."""
import contextlib
import csv
import io
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from browse import browser, sync_playwright

PATIENCE = 60_000                  # milliseconds for an answer; the model is read meanwhile


def make_run(place: Path) -> Path:
    "A small run on generated faces, and pictures: faces, a pair, a wall, a text, a film for the camera."
    import PIL.Image
    from expression_research.config import RunConfig
    from expression_research.experiments import run_experiment
    from expression_research.faces import generate_faces
    config = RunConfig(
        data="generated", model="tinyvgg", side=24, hidden_units=10, plan="all:6", lr=3e-3, batch_size=32,
        threads=1, device="cpu", seed=1, out=str(place / "runs"),
    )
    run = run_experiment(config)
    rows = generate_faces({"test": 30}, side=256, difficulty=0.1, seed=9)["test"]
    faces = [row["image"].convert("RGB") for row in rows][:4]
    for number, face in enumerate(faces):
        face.save(place / f"face{number}.png")
    pair = PIL.Image.new("RGB", (512, 256))
    for number in (0, 1):
        pair.paste(faces[number], (256 * number, 0))
    pair.save(place / "<b onclick=alert(1)>pair.png")
    PIL.Image.new("RGB", (64, 64), "grey").save(place / "wall.png")
    (place / "text.png").write_text("no picture")
    (place / "folder").mkdir()
    faces[3].save(place / "folder" / "inside.png")
    (place / "folder" / "notes.txt").write_text("no picture")
    frame = PIL.Image.new("RGB", (640, 480), "grey")
    frame.paste(faces[0].resize((400, 400)), (120, 40))
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=90)
    (place / "film.mjpeg").write_bytes(buffer.getvalue() * 3)
    return run.folder


@contextlib.contextmanager
def served(run: Path):
    "The command as a user starts it; its address."
    command = [sys.executable, "-m", "expression_research.cli", "app", str(run), "--port", "0", "--no-browser"]
    # a job in the background of a script ignores Ctrl-C, and so would its children
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    signal.signal(signal.SIGINT, ours)
    try:
        line = next((line for line in process.stdout if "http://" in line), "")
        yield line.split()[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def wait_answers(page, count: int) -> list[str]:
    "Wait until so many cards are answered; their words, the newest first."
    there = "[...document.querySelectorAll('.card .answer')].filter(e => !e.textContent.startsWith('waiting'))"
    page.wait_for_function(f"n => {there}.length >= n", arg=count, timeout=PATIENCE)
    return page.locator(".card .answer").all_inner_texts()


DROP = """async ([name, bytes, kind]) => {
  const file = new File([new Uint8Array(bytes)], name, {type: "image/png"});
  const data = new DataTransfer();
  data.items.add(file);
  const event = kind === "paste"
    ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true})
    : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
  document.querySelector("#drop").dispatchEvent(event);
}"""


def walk(page, place: Path, run: Path, shots: Path | None) -> list[str]:
    "Everything a user does; complaints."
    from expression_research.serving import predict
    complaints: list[str] = []

    def expect(good: bool, words: str) -> None:
        if not good:
            complaints.append(words)

    def shot(name: str) -> None:
        if shots:
            page.screenshot(path=str(shots / f"{name}.png"), full_page=True)

    page.set_input_files("#files", [str(place / "face0.png")])
    said = wait_answers(page, 1)
    expect("waiting" not in said[0], "an upload is not answered")
    shot("desk")
    for number, kind in ((1, "drop"), (2, "paste")):
        content = (place / f"face{number}.png").read_bytes()
        page.evaluate(DROP, [f"face{number}.png", list(content), kind])
        expect(len(wait_answers(page, number + 1)) == number + 1, f"a {kind} is not answered")
    page.set_input_files("#files", [str(place / "wall.png"), str(place / "text.png")])
    said = wait_answers(page, 5)
    expect(said[0].startswith("This cannot be read") and said[1] == "No face found", f"wrong files: {said[:2]}")
    shot("refusal")
    pair = place / "<b onclick=alert(1)>pair.png"
    page.set_input_files("#files", [str(pair)])
    expect(wait_answers(page, 6)[0] == "2 faces found", "two faces are not told")
    shot("two")
    card = page.locator(".card").first
    expect(card.locator(".name").inner_text() == pair.name, "a file name is not shown as it is")
    page.locator("#fresh").focus()                               # by keyboard alone
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    first = "document.querySelector('.card .bars')"
    page.wait_for_function(f"() => {first}.children.length > 0", timeout=PATIENCE)
    expect(card.locator(".faces button.chosen span").inner_text() == "2", "the keyboard does not choose the second")
    card.locator(".faces button").first.click()
    chosen = "document.querySelector('.card .faces button.chosen span')"
    page.wait_for_function(f"() => {chosen}?.textContent === '1'", timeout=PATIENCE)
    shot("chosen")
    with page.expect_download() as download:
        page.click("#save")
    rows = {row["file"]: row for row in csv.DictReader(Path(download.value.path()).open(encoding="utf-8"))}
    expect(len(rows) == 6 and bool(rows["text.png"]["error"]), f"the table has {len(rows)} rows")
    for number in range(3):
        name = f"face{number}.png"
        known = predict(run, place / name, device="cpu").iloc[0]
        for column in known.index[2:5]:
            expect(float(rows[name][column]) == known[column], f"{name}: {column} is not predict's")
    page.click("#camera")
    page.wait_for_function("() => Number(document.querySelector('#rate').dataset.rate) > 0", timeout=PATIENCE)
    page.wait_for_timeout(3000)
    rate = float(page.locator("#rate").get_attribute("data-rate"))
    expect(rate >= 5, f"the camera gives {rate:.1f} answers a second")
    expect("camera" in page.locator("#live .promise").inner_text(), "a frame of the camera promises something")
    shot("camera")
    page.click("#camera")
    page.click("#fresh")
    page.wait_for_function("() => document.querySelectorAll('.card').length === 0", timeout=PATIENCE)
    page.set_input_files("#folder", str(place / "folder"))
    expect(len(wait_answers(page, 1)) == 1, "a folder is not read")
    print(f"camera: {rate:.1f} answers a second")
    return complaints


def narrow(page, place: Path, name: str, shots: Path | None) -> list[str]:
    "A phone: two faces, nothing wider than the window."
    page.set_input_files("#files", [str(place / "face0.png"), str(place / "<b onclick=alert(1)>pair.png")])
    wait_answers(page, 2)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if shots:
        page.screenshot(path=str(shots / f"{name}.png"), full_page=True)
    return [f"{name}: {wide} pixels wider than the window"] if wide > 0 else []


def app_complaints(run: str = "", shots: str = "") -> list[str] | None:   # None: no browser here
    "The app in a browser without any other network."
    program = browser()
    if not program or sync_playwright is None:
        return None
    complaints: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        place = Path(folder)
        with contextlib.redirect_stdout(io.StringIO()):
            made = make_run(place)
        film = f"--use-file-for-fake-video-capture={place / 'film.mjpeg'}"
        camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", film]
        chromium = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu", *camera])
        with served(Path(run) if run else made) as address:
            def tell(message) -> None:
                if message.type == "error":
                    complaints.append(f"{message.text}")

            def asked(request) -> None:
                if not request.url.startswith((address, "data:", "blob:")):
                    complaints.append(f"asked for {request.url}")

            sizes = {"desk": (1280, "light"), "dark": (1280, "dark"), "phone": (390, "light")}
            for name, (width, scheme) in sizes.items():
                context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
                page = context.new_page()
                page.on("console", tell)
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("request", asked)
                page.on("dialog", lambda dialog: complaints.append("a file name ran as a script"))
                page.goto(address)
                where = Path(shots) if shots else None
                if name == "desk":
                    complaints += walk(page, place, Path(run) if run else made, where)
                else:
                    complaints += narrow(page, place, name, where)
                context.close()
        chromium.close()
    return complaints


if __name__ == "__main__":
    found = app_complaints(*sys.argv[1:])
    print("no browser here" if found is None else found)
