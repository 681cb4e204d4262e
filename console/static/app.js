// The frame's script: pages change without a flash, forms answer in place, and everything
// has a key. Without it every page still works; only what is live needs it.
"use strict";
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
// The one place where text becomes markup: the answers of our own server.
const trusted = window.trustedTypes?.createPolicy("console", { createHTML: (html) => html }) ?? { createHTML: (html) => html };
const parse = (html) => new DOMParser().parseFromString(trusted.createHTML(html), "text/html");
const debounce = (ms, run, timer) => (...args) => { clearTimeout(timer); timer = setTimeout(run, ms, ...args); };

// What runs when a page has come, and before it goes.
const arrivals = [], departures = [];
const say = (text) => { const live = $("#say"); live.textContent = ""; requestAnimationFrame(() => { live.textContent = text; }); };

// A focused element is found again on the new page by its id, or by name and value.
function focusKey() {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  if (e.id) return "#" + CSS.escape(e.id);
  if (!e.name) return null;
  const form = e.form?.getAttribute("action");
  const own = `${e.localName}[name="${CSS.escape(e.name)}"]` + (e.localName === "button" || e.type === "checkbox" ? `[value="${CSS.escape(e.value)}"]` : "");
  return form ? `form[action="${CSS.escape(form)}"] ${own}` : own;
}

let loading;
// load fetches a page and puts its content in the place of this one's. The old content
// stays until the new is here.
async function load(url, { push = true, stay = false, replace = false, options = {} } = {}) {
  loading?.abort();
  const mine = loading = new AbortController();
  const busy = setTimeout(() => $("main").setAttribute("aria-busy", "true"), 120);
  let answer;
  try {
    answer = await fetch(url, { ...options, signal: mine.signal });
  } catch (e) {
    if (e.name !== "AbortError") location.assign(url);
    return;
  } finally {
    clearTimeout(busy);
    if (loading === mine) $("main").removeAttribute("aria-busy");
  }
  const html = answer.headers.get("Content-Type")?.startsWith("text/html");
  const address = answer.redirected ? answer.url : url;
  if (!html || new URL(address, location).pathname === "/signin") { location.assign(address); return; }
  const page = parse(await answer.text());
  const next = $("main", page);
  const version = (d) => $$("script[src],link[rel=stylesheet]", d).map((e) => e.getAttribute("src") ?? e.getAttribute("href")).join();
  if (!next || version(page) !== version(document)) { location.assign(address); return; }
  const key = stay ? focusKey() : null;
  // No view transition: while a page fades in, it takes clicks for itself.
  for (const f of departures) f();
  const typed = stay && document.activeElement?.matches("input:not([type=checkbox]), textarea") ? document.activeElement.selectionStart : null;
  $("main").replaceWith(document.adoptNode(next));
  for (const part of ["#side", "#tabbar"]) if ($(part, page) && $(part)) $(part).replaceChildren(...$$(`${part} > *`, page).map((e) => document.adoptNode(e)));
  document.title = page.title;
  if (replace) history.replaceState(null, "", address); else if (push) history.pushState(null, "", address);
  const again = key && $(key);
  if (again) { again.focus({ preventScroll: true }); if (typed !== null) again.setSelectionRange?.(typed, typed); }
  else if (!stay) { next.focus({ preventScroll: true }); scrollTo(0, 0); say(document.title); }
  const flash = $(".flash", next);
  if (flash) say(flash.textContent);
  for (const f of arrivals) f(next);
}

addEventListener("popstate", () => load(location.href, { push: false }));

document.addEventListener("click", (e) => {
  if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  const a = e.target.closest("a[href]");
  if (a) {
    const url = new URL(a.getAttribute("href"), location);
    if (url.origin !== location.origin || a.hasAttribute("download") || a.target || a.getAttribute("href").startsWith("#")) return;
    e.preventDefault();
    $("#palette").close();
    if ($("#side").matches(":popover-open")) $("#side").hidePopover();
    const stay = Boolean(a.closest("[data-stay]"));
    return load(url.href, { stay });
  }
  for (const [selector, run] of clicks) if (e.target.closest(selector)) return run(e);
});
const clicks = [
  ["[data-theme-toggle]", () => theme()],
  ["[data-help]", () => $("#help").showModal()],
  ["[data-print]", () => print()],
  ["[data-copy]", (e) => { navigator.clipboard?.writeText(e.target.closest("[data-copy]").dataset.copy); say("Copied"); }],
];

document.addEventListener("submit", (e) => {
  const form = e.target, button = e.submitter;
  if (form.method === "dialog" || form.hasAttribute("data-native") || button?.hasAttribute("data-native")) return;
  if (button?.dataset.confirm && !confirm(button.dataset.confirm)) { e.preventDefault(); return; }
  e.preventDefault();
  const data = new FormData(form, button), action = new URL(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href, location);
  if (form.method === "get") {
    action.search = new URLSearchParams([...data].filter(([, value]) => value !== ""));
    return load(action.href, { stay: form.hasAttribute("data-stay") });
  }
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams([...data].filter(([, value]) => typeof value === "string"));
  return load(action.href, { stay: !form.hasAttribute("data-leave"), options: { method: "POST", body } });
});

// A list's filter follows the typing, and keeps one entry in the history.
const filter = debounce(200, (form) => {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  load(new URL(form.getAttribute("action"), location).pathname + "?" + query, { stay: true, replace: true });
});
document.addEventListener("input", (e) => { if (e.target.matches("form[data-filter] input[type=search]")) filter(e.target.form); });
document.addEventListener("change", (e) => { if (e.target.matches("form[data-filter] select, form[data-auto] select")) e.target.form.requestSubmit(); });

function theme() {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax` + (location.protocol === "https:" ? "; secure" : "");
}

// The palette jumps to pages, apps and people.
const palette = {
  asked: 0,
  open() { const box = $("#palette"); if (!box.open) box.showModal(); $("input", box).select(); this.draw(); },
  pages() { return $$("#side nav a").map((a) => ({ title: $("span", a).textContent, note: "page", href: a.getAttribute("href") })); },
  draw: debounce(90, async () => {
    const text = $("#palette input").value.trim(), ask = ++palette.asked;
    let found = palette.pages().filter((p) => p.title.toLowerCase().includes(text.toLowerCase()));
    if (text) {
      const answer = await fetch("/find?" + new URLSearchParams({ q: text }), { headers: { Accept: "application/json" } });
      if (ask !== palette.asked || !answer.ok) return;
      found = found.concat(await answer.json());
    }
    $("#palette ul").replaceChildren(...found.slice(0, 12).map((item, i) => {
      const li = document.createElement("li"), a = document.createElement("a"), note = document.createElement("small");
      li.role = "presentation"; a.role = "option"; a.id = "hit" + i; a.tabIndex = -1;
      a.href = item.href; note.append(item.note ?? ""); a.append(item.title, note); a.ariaSelected = String(i === 0); li.append(a);
      return li;
    }));
    palette.mark(0);
  }),
  mark(i) {
    const list = $$("#palette li a");
    list.forEach((a, k) => { a.ariaSelected = String(k === i); });
    list[i]?.scrollIntoView({ block: "nearest" });
    if (list[i]) $("#palette input").setAttribute("aria-activedescendant", list[i].id); else $("#palette input").removeAttribute("aria-activedescendant");
  },
  key(e) {
    const list = $$("#palette li a"), at = list.findIndex((a) => a.ariaSelected === "true");
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); this.mark((at + (e.key === "ArrowDown" ? 1 : -1) + list.length) % list.length); }
    if (e.key === "Enter") { e.preventDefault(); (list[at] ?? list[0])?.click(); }
  },
};
$("#palette")?.addEventListener("keydown", (e) => palette.key(e));
$("#palette input")?.addEventListener("input", () => palette.draw());
clicks.push(["[data-palette]", (e) => { e.preventDefault(); palette.open(); }]);
document.addEventListener("click", (e) => { if (e.target.closest("a[data-palette]") && !e.metaKey && !e.ctrlKey) { e.preventDefault(); palette.open(); } }, true);

// Keys. Letters work where nobody types.
let prefix = "", prefixTimer;
const rows = () => $$("[data-list] tbody tr");
function step(by) {
  const list = rows(), at = list.findIndex((r) => r.classList.contains("cur")), to = list[Math.max(0, Math.min(list.length - 1, at + by))];
  if (!to) return;
  list[at]?.classList.remove("cur");
  to.classList.add("cur");
  to.scrollIntoView({ block: "nearest" });
  $("a[data-open]", to)?.focus({ preventScroll: true });
}
const current = () => $("[data-list] tbody tr.cur");
const keys = {
  j: () => (rows().length ? step(1) : $("main [data-key=j]")?.click()),
  k: () => (rows().length ? step(-1) : $("main [data-key=k]")?.click()),
  x: () => current() && $("input[type=checkbox]", current())?.click(),
  "/": () => $("main input[type=search]")?.focus(),
  t: theme,
  "?": () => $("#help").showModal(),
};
document.addEventListener("keydown", (e) => {
  if ((e.ctrlKey || e.metaKey) && e.key === "k") { e.preventDefault(); return palette.open(); }
  if ((e.ctrlKey || e.metaKey) && e.key === "Enter") return e.target.form?.requestSubmit();
  const typing = e.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog");
  if (typing && e.key === "Escape") e.target.blur?.();
  if (typing || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || !$("#palette")) return;
  if (prefix === "g") {
    prefix = "";
    const a = $(`#side [data-key="g ${CSS.escape(e.key)}"]`);
    if (a) { e.preventDefault(); a.click(); }
    return;
  }
  if (e.key === "g") { prefix = "g"; clearTimeout(prefixTimer); prefixTimer = setTimeout(() => { prefix = ""; }, 900); return; }
  const run = keys[e.key] ?? (/^[a-z]$/.test(e.key) && $(`main [data-key="${e.key}"]`) ? () => $(`main [data-key="${e.key}"]`).click() : null);
  if (run) { e.preventDefault(); run(); }
});
