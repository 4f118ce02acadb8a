// The review of one document's labels. The server sends the text in parts with
// their byte offsets, and the list of labels with their ranges; this script
// paints the labels into the text, and sends what a person answers by keyboard
// or button. The list is made anew by the server after every answer.
"use strict";
(() => {
  const root = document.getElementById("labeling");
  if (!root) return;
  const panel = document.getElementById("panel");
  const said = document.getElementById("said");
  const { base, doc, csrf } = root.dataset;

  // Parts of the text. Offsets are bytes of UTF-8, indexes are of JavaScript's
  // UTF-16.
  const encoder = new TextEncoder();
  const parts = [...document.querySelectorAll("#text .part")].map((el) => {
    const text = el.textContent;
    const start = Number(el.dataset.start), end = Number(el.dataset.end);
    return { el, text, start, end, ascii: end - start === text.length };
  });
  const partAt = (byte) => { // the part that holds the byte, or the next one
    let low = 0, high = parts.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (parts[mid].end <= byte) low = mid + 1; else high = mid;
    }
    return low;
  };
  const toBytes = (p, index) => p.start + (p.ascii ? index : encoder.encode(p.text.slice(0, index)).length);
  const toIndex = (p, byte) => {
    if (byte <= p.start) return 0;
    if (byte >= p.end) return p.text.length;
    if (p.ascii) return byte - p.start;
    let at = p.start, index = 0;
    for (const c of p.text) {
      if (at >= byte) break;
      const code = c.codePointAt(0);
      at += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      index += c.length;
    }
    return index;
  };

  // The state of the page.
  let items = []; // as the list shows them
  let open = []; // the queue's labels that are left
  let current = ""; // the chosen label
  let since = performance.now(); // when it was chosen
  let draft = null; // the range that is being changed: {start, end, item, category}
  let selected = null; // what was selected in the text last
  let busy = false;

  const item = () => items.find((it) => it.id === current);
  const say = (text, bad) => {
    said.textContent = text;
    said.classList.toggle("bad", Boolean(bad));
  };

  // Painting.
  const hues = new Map();
  [...document.querySelectorAll("#categories [role=option]")].forEach((el, i) => hues.set(el.textContent, Math.round(i * 137.5) % 360));
  const paintedIn = new Set();
  const paint = () => {
    const ranges = items.filter((it) => !draft || it.id !== draft.item)
      .map((it) => ({ start: it.start, end: it.end, it, state: it.state + (it.disputed ? " disputed" : "") }));
    if (draft) ranges.push({ start: draft.start, end: draft.end, it: null, state: "draft" });
    const touched = new Map();
    for (const r of ranges) {
      for (let i = partAt(r.start); i < parts.length && parts[i].start < r.end; i++) {
        if (!touched.has(i)) touched.set(i, []);
        touched.get(i).push(r);
      }
    }
    for (const i of paintedIn) if (!touched.has(i)) parts[i].el.textContent = parts[i].text;
    paintedIn.clear();
    for (const [i, own] of touched) {
      paintedIn.add(i);
      paintPart(parts[i], own);
    }
  };
  // paintPart cuts a part where a label begins or ends.
  const paintPart = (p, ranges) => {
    const cuts = new Set([0, p.text.length]);
    const at = ranges.map((r) => {
      const from = toIndex(p, r.start), to = toIndex(p, r.end);
      cuts.add(from).add(to);
      return { ...r, from, to };
    });
    const edges = [...cuts].sort((a, b) => a - b);
    const nodes = [];
    for (let i = 0; i + 1 < edges.length; i++) {
      const text = p.text.slice(edges[i], edges[i + 1]);
      const over = at.filter((r) => r.from <= edges[i] && r.to >= edges[i + 1]);
      if (over.length === 0) {
        nodes.push(text);
        continue;
      }
      const top = over.find((r) => !r.it) || over.find((r) => r.it.id === current) || over[over.length - 1];
      const mark = document.createElement("mark");
      mark.className = top.state + (top.it && top.it.id === current ? " current" : "");
      mark.textContent = text;
      if (top.it) mark.dataset.for = top.it.id;
      const category = top.it ? top.it.category : top.state === "draft" && draft.category;
      if (category && top.from === edges[i] && (!top.it || top.it.start >= p.start)) mark.dataset.label = category;
      mark.style.setProperty("--hue", hues.get(category) || 0);
      nodes.push(mark);
    }
    p.el.replaceChildren(...nodes);
  };

  // The list.
  const readPanel = () => {
    items = [...panel.querySelectorAll(".item")].map((el) => ({
      el, id: el.dataset.item, start: Number(el.dataset.start), end: Number(el.dataset.end), category: el.dataset.category,
      state: el.dataset.state, place: Number(el.dataset.place), asked: "asked" in el.dataset, disputed: el.classList.contains("disputed"),
    }));
  };
  const reveal = (el, block) => el && el.scrollIntoView({ block, behavior: "instant" });
  const choose = (id, { keepTime = false } = {}) => {
    current = id;
    if (!keepTime) since = performance.now();
    for (const it of items) {
      const is = it.id === id;
      it.el.classList.toggle("current", is);
      const pick = it.el.querySelector(".pick");
      if (is) pick.setAttribute("aria-current", "true"); else pick.removeAttribute("aria-current");
    }
    paint();
    const it = item();
    if (!it) return;
    reveal(document.querySelector("mark.current"), "center");
    // On a phone the list stands under the text and does not scroll by itself.
    if (panel.scrollHeight > panel.clientHeight) it.el.scrollIntoView({ block: "nearest", behavior: "instant" });
    say(describe(it));
    history.replaceState(null, "", "#item-" + id);
  };
  const describe = (it) => it.category + ", " + it.el.querySelector(".is").textContent;
  const move = (by) => {
    if (items.length === 0) return;
    const i = items.findIndex((it) => it.id === current);
    choose(items[(i < 0 ? (by > 0 ? 0 : items.length - 1) : i + by + items.length) % items.length].id);
  };
  // next chooses the next label of the queue that is left, here or elsewhere.
  const next = () => {
    const it = item();
    const after = it && it.place >= 0 ? it.place : -1;
    const t = open.find((o) => o.place > after && o.item !== current) || open.find((o) => o.item !== current);
    if (!t) {
      say(open.length ? "This is the last one that is left for you." : "Nothing is left for you to answer.");
      return;
    }
    if (t.document === doc) choose(t.item);
    else window.location.assign(base + encodeURIComponent(t.document) + "#item-" + t.item);
  };
  // nextHere goes on in this document after an answer.
  const nextHere = () => {
    const i = items.findIndex((it) => it.id === current);
    const here = [...items.slice(i + 1), ...items.slice(0, Math.max(i, 0))].find((it) => it.asked);
    if (here) {
      choose(here.id);
      return " · now: " + describe(here);
    }
    choose(current);
    return open.length ? " · nothing else is asked here: n goes to the next document" : " · nothing is left for you";
  };

  // Answers.
  const send = async (fields) => {
    if (busy) return null;
    busy = true;
    const body = new URLSearchParams({ csrf, seconds: String((performance.now() - since) / 1000), ...fields });
    try {
      const res = await fetch(base + encodeURIComponent(doc) + "/answers", { method: "POST", body });
      return take(await res.json());
    } catch {
      say("The answer was not kept: adapt does not answer, or the page is too old. Reload it.", true);
      return null;
    } finally {
      busy = false;
    }
  };
  const take = (reply) => {
    if (reply.panel) {
      panel.innerHTML = reply.panel; // the server's own templates, escaped there
      open = reply.open;
      readPanel();
    }
    if (reply.error) {
      choose(current, { keepTime: true });
      say(reply.error, true);
      return null;
    }
    return reply;
  };
  const answer = async (action, fields = {}) => {
    const reply = await send({ action, item: current, ...fields });
    if (!reply) return;
    if (action === "add" || action === "undo") {
      choose(reply.item || current);
      say(reply.said);
      return;
    }
    say(reply.said + (action === "complete" ? (choose(current), "") : nextHere()));
  };
  const attrsOf = (it) => {
    const fields = {};
    for (const s of it ? it.el.querySelectorAll("[data-attr]") : []) fields["attr." + s.dataset.attr] = s.value;
    return fields;
  };

  // Ranges. A range begins with a word's first character and ends with a
  // word's last, unless it is moved by characters.
  const words = (p) => p.words || (p.words = [...p.text.matchAll(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]+/gu)].map((m) => [m.index, m.index + m[0].length]));
  const stepWord = (byte, edge, by) => { // edge: 0 a beginning, 1 an end
    let i = Math.min(partAt(edge ? byte - 1 : byte), parts.length - 1);
    const all = () => words(parts[i]).map((w) => w[edge]);
    const index = toIndex(parts[i], byte);
    let at = by > 0 ? all().find((w) => w > index) : all().findLast((w) => w < index);
    while (at === undefined && i + by >= 0 && i + by < parts.length) {
      i += by;
      at = by > 0 ? all()[0] : all().at(-1);
    }
    return at === undefined ? byte : toBytes(parts[i], at);
  };
  const stepChar = (byte, by) => {
    const i = Math.min(partAt(by > 0 ? byte : byte - 1), parts.length - 1);
    const p = parts[i];
    const index = toIndex(p, Math.max(byte, p.start));
    const chars = [...p.text.slice(0, index)];
    if (by < 0) return index === 0 ? byte : toBytes(p, index - chars.at(-1).length);
    const c = p.text.codePointAt(index);
    return c === undefined ? byte : toBytes(p, index + String.fromCodePoint(c).length);
  };
  const edit = (range, id, category) => {
    draft = { ...range, item: id, category };
    for (const el of document.querySelectorAll("[data-when]")) el.hidden = el.dataset.when !== "range";
    showDraft();
  };
  const showDraft = () => {
    paint();
    reveal(document.querySelector("mark.draft"), "nearest");
    const i = partAt(draft.start);
    const text = parts.slice(i, partAt(draft.end - 1) + 1).map((p) => p.text.slice(toIndex(p, draft.start), toIndex(p, draft.end))).join(" ");
    say((draft.item ? "Range: " : "New label: ") + (text.length > 120 ? text.slice(0, 60) + " … " + text.slice(-50) : text));
  };
  const leave = () => {
    draft = null;
    for (const el of document.querySelectorAll("[data-when]")) el.hidden = el.dataset.when === "range";
    paint();
  };
  const shift = (edge, to) => {
    const moved = { ...draft, [edge]: to };
    if (moved.start < moved.end) draft = moved;
    showDraft();
  };
  const shiftPart = (by) => {
    const i = Math.min(Math.max(partAt(draft.start) + by, 0), parts.length - 1);
    const first = words(parts[i])[0];
    if (first) draft = { ...draft, start: toBytes(parts[i], first[0]), end: toBytes(parts[i], first[1]) };
    showDraft();
  };
  const keep = () => {
    const { start, end, item: id, category } = draft;
    if (!id) {
      pickCategory((c) => { leave(); answer("add", { item: "", start, end, category: c }); });
      return;
    }
    leave();
    answer("fix", { start, end, category, ...attrsOf(items.find((it) => it.id === id)) });
  };

  // What is selected in the text, as bytes.
  const selection = () => {
    const s = document.getSelection();
    if (!s || s.isCollapsed || s.rangeCount === 0) return null;
    const r = s.getRangeAt(0);
    const place = (node, offset, end) => {
      const at = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
      const el = at && at.closest("#text .part");
      const p = parts.find((q) => q.el === el);
      if (!p) return null;
      const before = document.createRange();
      before.setStart(p.el, 0);
      before.setEnd(node, offset);
      return toBytes(p, before.toString().length);
    };
    const start = place(r.startContainer, r.startOffset), end = place(r.endContainer, r.endOffset);
    return start === null || end === null || start >= end ? null : { start, end };
  };
  document.addEventListener("selectionchange", () => { selected = selection() || (document.getSelection().isCollapsed && document.activeElement.closest(".tools") ? selected : null); });
  const takeSelection = () => {
    const range = selected;
    selected = null;
    document.getSelection().removeAllRanges();
    return range;
  };

  // The choice of a category: a combobox with its list.
  const dialog = document.getElementById("choose");
  const input = document.getElementById("category");
  const options = [...document.querySelectorAll("#categories [role=option]")];
  let chosen = null, active = null;
  const mark = (el) => {
    if (active) active.setAttribute("aria-selected", "false");
    active = el || null;
    if (!active) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    active.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  };
  const filter = () => {
    const wanted = input.value.trim().toLowerCase();
    const rank = (el) => {
      const name = el.textContent.toLowerCase();
      return name === wanted ? 0 : name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : 3;
    };
    for (const el of options) el.hidden = rank(el) === 3;
    mark(options.filter((el) => !el.hidden).sort((a, b) => rank(a) - rank(b))[0]);
  };
  const pickCategory = (done) => {
    chosen = done;
    input.value = "";
    filter();
    dialog.showModal();
    input.focus();
  };
  const pick = (el) => {
    if (!el) return;
    const done = chosen;
    dialog.close();
    done(el.textContent);
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (e) => {
    const shown = options.filter((el) => !el.hidden);
    const i = shown.indexOf(active);
    if (e.key === "ArrowDown") mark(shown[Math.min(i + 1, shown.length - 1)]);
    else if (e.key === "ArrowUp") mark(shown[Math.max(i - 1, 0)]);
    else if (e.key === "Enter") pick(active);
    else return;
    e.preventDefault();
  });
  for (const el of options) el.addEventListener("click", () => pick(el));

  // What keys and buttons do.
  const needsItem = (f) => () => (item() ? f(item()) : say("Choose a label first: j and k go through them.", true));
  const help = document.getElementById("help");
  const acts = {
    accept: needsItem(() => answer("accept")),
    reject: needsItem(() => answer("reject")),
    fix: needsItem((it) => edit(takeSelection() || { start: it.start, end: it.end }, it.id, it.category)),
    category: needsItem((it) => pickCategory((c) => answer("fix", { start: it.start, end: it.end, category: c, ...attrsOf(it) }))),
    attributes: needsItem((it) => {
      const first = it.el.querySelector("[data-attr]");
      if (first) first.focus();
    }),
    add: () => {
      const range = takeSelection();
      if (range) {
        edit(range, "", "");
        keep();
        return;
      }
      const it = item();
      const p = parts[Math.min(partAt(it ? it.end : firstSeen()), parts.length - 1)];
      const first = p && words(p)[0];
      if (first) edit({ start: toBytes(p, first[0]), end: toBytes(p, first[1]) }, "", "");
    },
    undo: () => answer("undo", { item: "" }),
    complete: () => answer("complete", { item: "" }),
    next, help: () => help.showModal(),
    later: () => move(1), earlier: () => move(-1),
    "start-left": () => shift("start", stepWord(draft.start, 0, -1)), "start-right": () => shift("start", stepWord(draft.start, 0, 1)),
    "end-left": () => shift("end", stepWord(draft.end, 1, -1)), "end-right": () => shift("end", stepWord(draft.end, 1, 1)),
    keep, cancel: () => { leave(); choose(current, { keepTime: true }); say("Left as it was."); },
  };
  const firstSeen = () => {
    const p = parts.find((q) => q.el.getBoundingClientRect().bottom > 0);
    return p ? p.start : 0;
  };
  const keys = { a: "accept", r: "reject", f: "fix", c: "category", s: "attributes", i: "add", u: "undo", d: "complete", n: "next", j: "later", k: "earlier", "?": "help" };
  const rangeKeys = (e) => {
    switch (e.key) {
      case "ArrowLeft": return e.shiftKey ? acts["start-left"] : acts["end-left"];
      case "ArrowRight": return e.shiftKey ? acts["start-right"] : acts["end-right"];
      case "ArrowUp": return () => shiftPart(-1);
      case "ArrowDown": return () => shiftPart(1);
      case ",": case "<": return () => shift(e.shiftKey ? "start" : "end", stepChar(e.shiftKey ? draft.start : draft.end, -1));
      case ".": case ">": return () => shift(e.shiftKey ? "start" : "end", stepChar(e.shiftKey ? draft.start : draft.end, 1));
      case "Enter": return keep;
      case "Escape": return acts.cancel;
    }
    return null;
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || dialog.open || help.open) return;
    if (e.target.closest("input, textarea, select")) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    const act = draft ? rangeKeys(e) : acts[keys[e.key]];
    if (!act) return;
    e.preventDefault();
    act();
  });
  root.addEventListener("click", (e) => {
    const button = e.target.closest("[data-do]");
    if (button) {
      if (!draft || button.closest("[data-when=range]")) acts[button.dataset.do]();
      return;
    }
    const pickEl = e.target.closest(".pick");
    const markEl = e.target.closest("mark[data-for]");
    if (draft || (document.getSelection() && !document.getSelection().isCollapsed)) return;
    if (pickEl) choose(pickEl.closest(".item").dataset.item);
    else if (markEl) choose(markEl.dataset.for);
  });
  panel.addEventListener("change", (e) => {
    if (!e.target.closest("[data-attr]")) return;
    choose(e.target.closest(".item").dataset.item, { keepTime: true });
    const it = item();
    answer("fix", { start: it.start, end: it.end, category: it.category, ...attrsOf(it) });
  });

  // Begin.
  readPanel();
  fetch(base + encodeURIComponent(doc) + "/state").then((res) => res.json()).then((reply) => {
    take(reply);
    begin();
  }).catch(() => { begin(); say("adapt does not answer. Reload the page.", true); });
  const begin = () => {
    const wanted = window.location.hash.replace("#item-", "");
    const first = items.find((it) => it.id === wanted) || items.find((it) => it.asked) || items[0];
    if (first) choose(first.id); else paint();
    root.dataset.ready = "";
  };
  window.addEventListener("hashchange", () => {
    const id = window.location.hash.replace("#item-", "");
    if (id !== current && items.some((it) => it.id === id)) choose(id);
  });
})();
