"use strict";
// The menu, the colours and the search. The index is a script beside the pages, so that a page opened from the disk finds it.

const root = document.documentElement.dataset.root;
const byId = id => document.getElementById(id);

byId("menu").addEventListener("click", event => {
  const open = byId("side").classList.toggle("open");
  event.currentTarget.setAttribute("aria-expanded", String(open));
});

byId("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* a browser may refuse */ }
});

const current = document.querySelector("#side [aria-current]");
if (current && byId("side").scrollHeight > byId("side").clientHeight) {
  byId("side").scrollTop = current.offsetTop - byId("side").clientHeight / 2;
}

// ---- search -----------------------------------------------------------------------------------------------------------

const field = byId("search");
const list = byId("found");
const WEIGHT = { guard: 60, function: 25, class: 25, page: 25, section: 10, constant: 5 };
const SHOWN = 14;
let loading = null;
let chosen = -1;

function index() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${root}search-index.js`;
    script.onload = () => resolve(window.SEARCH_INDEX.map(([kind, title, where, url, text]) =>
      ({ kind, title, where, url, text, name: title.toLowerCase(), body: `${where} ${text}`.toLowerCase() })));
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

// Every word must be there: at the start of a word of the title, inside the title, or in the text.
function score(entry, words) {
  let sum = WEIGHT[entry.kind] ?? 0;
  for (const word of words) {
    const at = entry.name.indexOf(word);
    if (entry.name === word) sum += 200;
    else if (at === 0) sum += 100;
    else if (at > 0) sum += /[\s_.]/.test(entry.name[at - 1]) ? 80 : 40;
    else if (entry.body.includes(word)) sum += 10;
    else return 0;
  }
  return sum - entry.name.length / 100;
}

function line(entry, number) {
  const item = document.createElement("li");
  item.role = "option";
  item.id = `found-${number}`;
  const link = document.createElement("a");
  link.href = root + entry.url;
  link.tabIndex = -1;
  const kind = document.createElement("span");
  kind.className = "kind";
  kind.textContent = entry.kind;
  const title = document.createElement(["function", "class", "constant"].includes(entry.kind) ? "code" : "span");
  title.textContent = entry.title;
  const more = document.createElement("small");
  more.textContent = [entry.where, entry.text].filter(Boolean).join(": ");
  link.append(kind, title, more);
  item.append(link);
  return item;
}

function choose(number) {
  const items = [...list.querySelectorAll("[role=option]")];
  chosen = items.length ? (number + items.length) % items.length : -1;
  items.forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
  items[chosen]?.scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", chosen < 0 ? "" : `found-${chosen}`);
}

function show(open) {
  list.hidden = !open;
  field.setAttribute("aria-expanded", String(open));
}

async function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return show(false);
  const entries = await index();
  const found = entries.map(entry => [score(entry, words), entry]).filter(([points]) => points > 0);
  found.sort(([a], [b]) => b - a);
  list.replaceChildren(...found.slice(0, SHOWN).map(([, entry], number) => line(entry, number)));
  if (!found.length) {
    const none = document.createElement("li");
    none.className = "none";
    none.textContent = "Nothing has all of these words.";
    list.append(none);
  }
  show(true);
  choose(0);
}

field.disabled = false;                     // without this script there is no search
field.addEventListener("focus", index, { once: true });
field.addEventListener("input", search);
field.addEventListener("focus", search);
field.addEventListener("keydown", event => {
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Enter") list.querySelector("[aria-selected=true] a")?.click();
  else if (event.key === "Escape") { show(false); field.blur(); }
  else return;
  event.preventDefault();
});
document.addEventListener("click", event => { if (!event.target.closest(".search")) show(false); });
document.addEventListener("keydown", event => {
  const typing = event.target.closest("input, textarea, [contenteditable]");
  if (event.key === "/" && !typing) { event.preventDefault(); field.focus(); }
});
