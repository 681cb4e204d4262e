// What single screens need: tool tips of charts, the live tail, editors and previews.
"use strict";

// Charts: the pointer or the arrow keys choose a step; Enter opens it.
const tip = {
  box: $("#tip"),
  show(mark) {
    const plot = mark.closest("svg"), cross = $(".cross", plot), data = mark.dataset;
    $(".hit.on", plot)?.classList.remove("on");
    if (mark.matches(".hit")) mark.classList.add("on");
    if (cross) { cross.setAttribute("transform", `translate(${data.x})`); cross.classList.add("on"); }
    const head = document.createElement("b"), total = document.createElement("span");
    total.append(data.total);
    head.append(data.title, total);
    this.box.replaceChildren(head, ...(data.tip ?? "").trim().split("\n").filter(Boolean).map((line) => {
      const [kind, name, value] = line.split("\t"), row = document.createElement("div"), dot = document.createElement("i"), number = document.createElement("span");
      dot.className = kind;
      number.append(value);
      row.append(dot, name, number);
      return row;
    }));
    this.box.hidden = false;
    const r = mark.getBoundingClientRect(), width = this.box.offsetWidth, middle = r.left + r.width / 2;
    const left = middle + 14 + width > innerWidth ? middle - width - 14 : middle + 14;
    this.box.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(Math.max(8, r.top + 14))}px)`;
  },
  hide() {
    this.box.hidden = true;
    for (const c of $$(".cross.on, .hit.on")) c.classList.remove("on");
  },
};
document.addEventListener("pointermove", (e) => {
  const mark = e.target.closest?.(".hit, .cell[data-title]");
  if (mark) tip.show(mark);
  else if (!tip.box.hidden && !document.activeElement?.matches("[data-chart]")) tip.hide();
});
document.addEventListener("focusout", (e) => { if (e.target.matches?.("[data-chart]")) tip.hide(); });
document.addEventListener("keydown", (e) => {
  const chart = e.target.matches?.("[data-chart]") ? e.target : null;
  if (!chart || !["ArrowLeft", "ArrowRight", "Home", "End", "Enter"].includes(e.key)) return;
  e.preventDefault();
  const marks = $$(".hit", chart), at = marks.findIndex((m) => m.classList.contains("on"));
  if (e.key === "Enter") { const href = marks[at]?.getAttribute("href"); if (href) load(href); return; }
  const to = { Home: 0, End: marks.length - 1, ArrowLeft: at < 0 ? marks.length - 1 : at - 1, ArrowRight: at + 1 }[e.key];
  const mark = marks[Math.max(0, Math.min(marks.length - 1, to))];
  if (mark) { tip.show(mark); say(mark.getAttribute("aria-label")); }
});
departures.push(() => tip.hide());

// The live tail puts new events on top as they happen.
const live = {
  source: null,
  toggle() { if (this.source) this.stop(); else this.start(); },
  start() {
    const button = $("[data-live]");
    if (!button) return;
    button.setAttribute("aria-pressed", "true");
    this.source = new EventSource(button.dataset.live);
    this.source.addEventListener("row", (e) => {
      const row = $("tr", parse(`<table>${e.data}</table>`)), body = $("[data-list] tbody");
      if (!row || !body || $(`#${CSS.escape(row.id)}`)) return;
      row.classList.add("fresh");
      body.prepend(document.adoptNode(row));
      for (const old of $$("tr", body).slice(200)) old.remove();
    });
  },
  stop() { this.source?.close(); this.source = null; $("[data-live]")?.setAttribute("aria-pressed", "false"); },
};
clicks.push(["[data-live]", () => live.toggle()]);
keys.l = () => live.toggle();
departures.push(() => live.stop());

// Triage by key: of the selected rows, or else of the current one.
function verdict(state) {
  const list = $("form[data-list]");
  if (!list) return $(`main [data-key="${state[0]}"]`)?.click();
  if (!$("td.sel input:checked", list)) { const box = current() && $("td.sel input", current()); if (!box) return; box.checked = true; }
  $(`.bulk button[value="${state}"]`, list)?.click();
}
keys.c = () => verdict("confirmed");
keys.f = () => verdict("false_positive");
document.addEventListener("change", (e) => {
  const form = e.target.closest?.("[data-list]");
  if (!form) return;
  if (e.target.matches("[data-all]")) for (const box of $$("td.sel input", form)) box.checked = e.target.checked;
  const n = $$("td.sel input:checked", form).length, count = $(".bulk b", form);
  if (count) count.textContent = n;
});

// Editors show their text in colours; previews answer as one types.
const grammars = {
  yaml: /(?<rem>#.*$)|(?<str>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")|(?<key>^[ \t-]*[\w-]+(?=:)|(?<=[{,]\s*)[\w-]+(?=:))|(?<num>\b\d+(?:\.\d+)?\b)|(?<word>\b(?:true|false|null|low|medium|high|critical)\b)/gm,
  sql: /(?<rem>--.*$)|(?<str>'(?:[^']|'')*')|(?<num>\b\d+(?:\.\d+)?\b)|(?<key>\b(?:SELECT|FROM|WHERE|AND|OR|NOT|IN|IS|NULL|GROUP|BY|ORDER|LIMIT|OFFSET|JOIN|LEFT|INNER|ON|AS|CASE|WHEN|THEN|ELSE|END|DISTINCT|HAVING|UNION|ALL|WITH|DESC|ASC|LIKE|BETWEEN|EXISTS|OVER|PARTITION|INTERVAL)\b)|(?<word>\b(?:count|sum|avg|min|max|coalesce|date_trunc|now|round|strftime|datetime|lower|upper|length)(?=\())/gim,
};
function paint(area) {
  const box = area.closest(".editor"), grammar = grammars[box.dataset.grammar], copy = $("pre", box);
  if (!grammar || !copy) return;
  const text = area.value, out = document.createDocumentFragment();
  let at = 0;
  if (text.length < 60000) for (const m of text.matchAll(grammar)) {
    const kind = Object.keys(m.groups).find((k) => m.groups[k] !== undefined), span = document.createElement("span");
    out.append(text.slice(at, m.index));
    span.className = "t-" + kind;
    span.append(m[0]);
    out.append(span);
    at = m.index + m[0].length;
  }
  out.append(text.slice(at) + "\n");
  copy.replaceChildren(out);
  copy.scrollTop = area.scrollTop;
  box.classList.add("lit");
}
const preview = debounce(150, async (form) => {
  const mine = form.preview = {};
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form), headers: { "X-Preview": "1" } });
  if (!answer.ok || form.preview !== mine) return;
  const result = $("#result", parse(await answer.text()));
  if (result) $("#result")?.replaceWith(document.adoptNode(result));
});
document.addEventListener("input", (e) => {
  if (e.target.matches(".editor textarea")) paint(e.target);
  if (e.target.form?.hasAttribute("data-preview")) preview(e.target.form);
});
document.addEventListener("scroll", (e) => { if (e.target.matches?.(".editor textarea")) $("pre", e.target.parentNode).scrollTop = e.target.scrollTop; }, true);
document.addEventListener("keydown", (e) => {
  if (e.key !== "Tab" || e.shiftKey || !e.target.matches?.(".editor textarea") || e.target.dataset.left) return;
  e.preventDefault();
  e.target.setRangeText("  ", e.target.selectionStart, e.target.selectionEnd, "end");
  e.target.dispatchEvent(new Event("input", { bubbles: true }));
});
// Escape lets Tab leave an editor, so that nobody is caught in it.
document.addEventListener("keyup", (e) => { if (e.target.matches?.(".editor textarea")) { if (e.key === "Escape") e.target.dataset.left = "1"; else if (e.key !== "Tab") delete e.target.dataset.left; } });
for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, (e) => {
  const zone = e.target.closest?.(".drop"), input = zone && $("input[type=file]", zone);
  if (!input) return;
  e.preventDefault();
  zone.classList.toggle("over", kind === "dragover");
  if (kind === "drop" && e.dataTransfer.files.length) { input.files = e.dataTransfer.files; input.dispatchEvent(new Event("input", { bubbles: true })); }
});
const arrive = (root) => { for (const area of $$(".editor textarea", root)) paint(area); };
arrivals.push(arrive);
arrive(document);
