"use strict";
// Files go to this program as they are; whatever comes back is set as text, never as markup.
const main = document.querySelector("main");
const find = (name, inside = document) => inside.querySelector(name);
const most = Number(main.dataset.most);
const suffixes = main.dataset.suffixes.split(" ");
const cards = [];                  // {element, file, answer}
const queue = [];
let busy = false, stream = null, cameraPoint = null, kept = 0;

function tell(words, bad = false) {
  find("#status").textContent = words;
  find("#status").className = bad ? "bad" : "";
}

function pause(milliseconds) {
  return new Promise(done => setTimeout(done, milliseconds));
}

async function post(path, body, type) {
  for (let tries = 0; ; tries += 1) {
    let reply;
    try {
      reply = await fetch(path, {method: "POST", body, headers: {"Content-Type": type}});
    } catch {
      throw new Error("The program does not answer. Is `expression app` still running?");
    }
    if (reply.status === 503 && tries < 40) { await pause(250); continue; }
    if (reply.ok) return reply;
    throw new Error((await reply.text()).slice(0, 300) || `The program refused this (${reply.status}).`);
  }
}

async function ask(file, {point = null, camera = false, preview = false} = {}) {
  const query = new URLSearchParams();
  if (point) { query.set("x", point[0]); query.set("y", point[1]); }
  if (camera) query.set("camera", "1");
  if (preview) query.set("preview", "1");
  const reply = await post(`answer?${query}`, file, "application/octet-stream");
  return reply.json();
}

// ---- showing an answer ----------------------------------------------------------------------------

function showBars(place, answer) {
  place.replaceChildren();
  for (const [name, value] of answer.probabilities || []) {
    const inside = answer.held.includes(name) ? " in" : "";
    const parts = ["name", "track", "value"].map(kind => {
      const part = document.createElement("div");
      part.className = kind + inside;
      place.append(part);
      return part;
    });
    parts[0].textContent = name;
    parts[0].title = name;
    const bar = document.createElement("div");
    bar.style.width = `${100 * value}%`;
    parts[1].append(bar);
    parts[2].textContent = value.toFixed(3);
  }
}

function showFaces(place, answer, choose) {
  const [width, height] = answer.size;
  const old = document.activeElement?.parentElement === place
    ? [...place.children].indexOf(document.activeElement) : -1;
  place.replaceChildren();
  const order = answer.faces.map((_, place) => place);
  order.sort((one, other) => answer.faces[one][0] - answer.faces[other][0]);   // from left to right
  order.forEach((place_, number) => {
    const [left, top, right, bottom] = answer.faces[place_];
    const button = document.createElement("button");
    const clip = (value, end) => Math.min(Math.max(value, 0), end);
    const [l, t] = [clip(left, width), clip(top, height)];
    button.type = "button";
    button.style.left = `${100 * l / width}%`;
    button.style.top = `${100 * t / height}%`;
    button.style.width = `${100 * (clip(right, width) - l) / width}%`;
    button.style.height = `${100 * (clip(bottom, height) - t) / height}%`;
    const chosen = place_ === answer.chosen;
    button.classList.toggle("chosen", chosen);
    button.setAttribute("aria-pressed", chosen);
    button.setAttribute("aria-label", `face ${number + 1} of ${answer.faces.length}`);
    if (answer.faces.length > 1) {
      const label = document.createElement("span");
      label.textContent = number + 1;
      button.append(label);
    }
    button.addEventListener("click", () => choose([(left + right) / 2, (top + bottom) / 2]));
    place.append(button);
  });
  if (old >= 0) place.children[old]?.focus();
}

function showAnswer(element, answer, choose) {
  element.classList.toggle("refused", answer.kind !== "answer");
  find(".answer", element).textContent = answer.words;
  const hint = find(".hint", element);
  if (hint) hint.textContent = answer.kind === "several" ? "Choose one: click it, or press Tab and Enter." : "";
  showBars(find(".bars", element), answer);
  showFaces(find(".faces", element), answer, choose);
  find(".framing", element).textContent = answer.framing === "as it is" ? "The face lies as in training." : answer.framing;
  const promise = find(".promise", element);
  promise.textContent = answer.promise;
  promise.classList.toggle("void", !answer.holds);
  const seen = find(".seen", element);
  if (seen) {
    seen.hidden = !answer.seen;
    if (answer.seen) find("img", seen).src = answer.seen;
  }
  showSession(answer.session);
}

function showSession(session) {
  if (!session) return;
  const place = find("#session");
  place.textContent = session.lines.join(" ");
  place.classList.toggle("alarm", session.alarm);
}

// ---- pictures --------------------------------------------------------------------------------------

function addCard(file, name) {
  const element = find("#card").content.firstElementChild.cloneNode(true);
  const card = {element, file, name, answer: null};
  find(".name", element).textContent = name;
  const image = find("img", element);
  image.alt = name;
  image.addEventListener("error", () => { if (image.src.startsWith("blob:")) card.blind = true; });
  image.src = URL.createObjectURL(file);
  find("#answers").prepend(element);
  find("#tools").hidden = false;
  cards.push(card);
  queue.push([card, null]);
  return card;
}

async function answerCard(card, point) {
  try {
    card.answer = await ask(card.file, {point, preview: true});
    card.error = "";
    if (card.answer.preview) find(".picture img", card.element).src = card.answer.preview;
    showAnswer(card.element, card.answer, where => {
      queue.unshift([card, where]);
      work();
    });
    find(".picture", card.element).hidden = card.answer.kind === "unreadable";
  } catch (error) {
    card.answer = null;
    card.error = error.message;
    card.element.classList.add("refused");
    find(".answer", card.element).textContent = error.message;
    find(".picture", card.element).hidden = true;
  }
}

async function work() {
  if (busy) return;
  busy = true;
  for (let done = 0; queue.length; done += 1) {
    find("#stop").hidden = queue.length < 3;
    if (queue.length > 1) tell(`${queue.length} pictures to go`);
    await answerCard(...queue.shift());
  }
  busy = false;
  find("#stop").hidden = true;
  if (!find("#status").classList.contains("bad")) tell("");
}

function isPicture(file) {
  const name = file.name.toLowerCase();
  return file.type.startsWith("image/") || suffixes.some(suffix => name.endsWith(suffix));
}

function take(files, folder = false) {
  const left = {other: 0, large: 0};
  for (const file of files) {
    const name = file.webkitRelativePath || file.path_ || file.name;
    if (folder && (!isPicture(file) || file.name.startsWith("."))) { left.other += 1; continue; }
    if (file.size > most) { left.large += 1; continue; }
    addCard(file, name);
  }
  const said = [];
  if (left.other) said.push(`${left.other} files are no pictures and were left out.`);
  if (left.large) said.push(`${left.large} files are larger than ${Math.round(most / 2 ** 20)} MB and were left out.`);
  if (!files.length) said.push("There was no file in it.");
  tell(said.join(" "), said.length > 0);
  work();
}

async function entries(entry, path = "") {
  if (entry.isFile) {
    const file = await new Promise((done, fail) => entry.file(done, fail));
    Object.defineProperty(file, "path_", {value: path + file.name});
    return [file];
  }
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) break;
    for (const one of some) found.push(...await entries(one, `${path}${entry.name}/`));
  }
  return found.sort((one, other) => (one.path_ < other.path_ ? -1 : 1));
}

async function dropped(transfer) {
  const items = [...transfer.items].filter(item => item.kind === "file");
  const roots = items.map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!roots.some(entry => entry.isDirectory)) return take([...transfer.files]);
  const found = [];
  for (const entry of roots) found.push(...await entries(entry));
  return take(found, true);
}

// ---- the camera ------------------------------------------------------------------------------------

async function frames() {
  const video = find("#video"), canvas = document.createElement("canvas"), times = [];
  while (stream) {
    if (video.readyState < 2 || document.hidden) { await pause(50); continue; }
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    const frame = await new Promise(done => canvas.toBlob(done, "image/jpeg", 0.92));
    let answer;
    try {
      answer = await ask(frame, {point: cameraPoint, camera: true});   // one in flight: others are dropped
    } catch (error) {
      tell(error.message, true);
      return stopCamera();
    }
    if (!stream) return;
    if (answer.chosen !== null && answer.faces.length > 1) {
      const [left, top, right, bottom] = answer.faces[answer.chosen];
      cameraPoint = [(left + right) / 2, (top + bottom) / 2];           // the same face in the next frame
    } else if (answer.faces.length === 1) cameraPoint = null;
    showAnswer(find("#live"), answer, where => { cameraPoint = where; });
    find("#live").frame = frame;
    const now = performance.now();
    times.push(now);
    while (times[0] < now - 2000) times.shift();
    const rate = times.length > 1 ? 1000 * (times.length - 1) / (now - times[0]) : 0;
    find("#rate").textContent = `${rate.toFixed(1)} answers a second`;
    find("#rate").dataset.rate = rate;
  }
}

async function startCamera() {
  if (!navigator.mediaDevices?.getUserMedia) {
    return tell("This browser gives no camera to this page. Open it at http://127.0.0.1 or http://localhost.", true);
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480, facingMode: "user"}});
  } catch (error) {
    return tell(`The camera cannot be used (${error.name}). Allow it for this page, or choose pictures.`, true);
  }
  const video = find("#video");
  video.srcObject = stream;
  await video.play();
  find("#live").hidden = false;
  find("#camera").setAttribute("aria-pressed", "true");
  find("#camera").textContent = "Stop the camera";
  tell("");
  return frames();
}

function stopCamera() {
  for (const track of stream?.getTracks() || []) track.stop();
  stream = cameraPoint = null;
  find("#live").hidden = true;
  find("#camera").setAttribute("aria-pressed", "false");
  find("#camera").textContent = "Use the camera";
}

// ---- what the page listens to ----------------------------------------------------------------------

for (const [name, folder] of [["#files", false], ["#folder", true]]) {
  find(name).addEventListener("change", event => {
    take([...event.target.files], folder);
    event.target.value = "";
  });
}
document.addEventListener("dragover", event => { event.preventDefault(); find("#drop").classList.add("over"); });
document.addEventListener("dragleave", () => find("#drop").classList.remove("over"));
document.addEventListener("drop", event => {
  event.preventDefault();
  find("#drop").classList.remove("over");
  dropped(event.dataTransfer);
});
document.addEventListener("paste", event => {
  const files = [...event.clipboardData.files];
  if (files.length) take(files);
  else tell("There is no picture in the clipboard.", true);
});
find("#camera").addEventListener("click", () => (stream ? stopCamera() : startCamera()));
find("#keep").addEventListener("click", () => {
  const frame = find("#live").frame;
  if (!frame) return;
  kept += 1;
  take([new File([frame], `camera-${kept}.jpg`, {type: "image/jpeg"})]);
});
find("#stop").addEventListener("click", () => {
  for (const [card] of queue.splice(0)) find(".answer", card.element).textContent = "not asked";
});
find("#fresh").addEventListener("click", async () => {
  queue.length = 0;
  for (const card of cards.splice(0)) URL.revokeObjectURL(find(".picture img", card.element).src);
  find("#answers").replaceChildren();
  find("#tools").hidden = true;
  try {
    showSession(await (await post("session", "", "application/json")).json());
    tell("A new session has begun.");
  } catch (error) { tell(error.message, true); }
});
find("#save").addEventListener("click", async () => {
  const rows = cards.map(({name, answer, error}) => ({
    file: name,
    probabilities: answer?.probabilities || null,
    answer: answer?.kind === "answer" ? answer.words : "",
    promise: answer?.promise || "",
    framing: answer?.framing || "",
    error: answer ? (answer.kind === "answer" ? "" : answer.words) : (error || "not asked"),
  }));
  try {
    const reply = await post("table", JSON.stringify(rows), "application/json");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await reply.blob());
    link.download = "answers.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  } catch (error) { tell(error.message, true); }
});
