// Keeps a page of the sandbox up to date: it asks for the same page every two seconds and takes over what differs. What is
// open stays open; focus, selection, place and typed text stay as they are. Forms are sent without leaving the page.
const every = 2000;
const soon = 400; // what takes longer is announced
const patience = 1500; // how long an update may take before the page says that it is not up to date
const body = document.body;
const button = document.getElementById("live");
const notice = document.getElementById("notice");
let here = body.dataset.here;
let sends = 0;
let paused = sessionStorage.getItem("paused") === "yes";
let offset = 0; // of the sandbox's clock to this machine's, in milliseconds

// By attribute, because the fields of a form hide its own properties: form.id is the field of this name.
const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? (node.getAttribute("id") ?? node.dataset.key ?? "") : "");

// Whether somebody is at work in an element, so that it must not go.
function inUse(element) {
  const selection = getSelection();
  return element.contains(document.activeElement) || element.matches("details[open]") || element.querySelector("details[open]") !== null ||
    (!selection.isCollapsed && selection.containsNode(element, true));
}

// Makes an element what the fresh one is.
function patch(old, fresh) {
  if (old.isEqualNode(fresh) || old.dataset.keep !== undefined) return;
  const typing = document.activeElement.matches("input, select, textarea") && old.contains(document.activeElement);
  if (old.matches("form") && (old.dataset.dirty !== undefined || typing)) {
    for (const slot of fresh.querySelectorAll("[data-slot]")) {
      const mine = document.getElementById(slot.id);
      if (mine && mine.textContent !== slot.textContent) mine.textContent = slot.textContent;
    }
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !(name === "open" && old.matches("details"))) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  patchChildren(old, fresh);
}

function patchChildren(old, fresh) {
  const known = new Map([...old.children].filter(key).map((element) => [key(element), element]));
  const wanted = new Set([...fresh.children].filter(key).map(key));
  for (const [name, element] of known) if (!wanted.has(name) && element.dataset.keep === undefined && !inUse(element)) element.remove();
  const stays = (node) => key(node) !== "" && !wanted.has(key(node));
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const name = key(child);
    const match = name ? known.get(name) : next && !key(next) && next.nodeName === child.nodeName ? next : undefined;
    if (match) while (next !== match && next && stays(next)) next = next.nextSibling;
    if (!match) {
      old.insertBefore(document.importNode(child, true), next);
      continue;
    }
    if (match === next) next = next.nextSibling;
    else old.insertBefore(match, next);
    if (match.nodeType === Node.ELEMENT_NODE) patch(match, child);
    else if (match.data !== child.data) match.data = child.data;
  }
  while (next) {
    const after = next.nextSibling;
    if (!stays(next)) next.remove();
    next = after;
  }
}

// What must not move on the screen: what has the focus, or else what is at the top of the window.
function anchor() {
  const focused = document.activeElement;
  if (focused !== body && document.getElementById("main").contains(focused) && focused.id !== "main") {
    const { top } = focused.getBoundingClientRect();
    if (top >= 0 && top < innerHeight) return focused;
  }
  return scrollY > 0 ? document.elementFromPoint(innerWidth / 2, 8)?.closest("[id], [data-key]") : null;
}

// Takes over a fresh page.
function take(fresh) {
  const still = anchor(), focused = document.activeElement;
  const before = still?.getBoundingClientRect().top;
  for (const id of ["clock", "main"]) {
    const old = document.getElementById(id), next = fresh.getElementById(id);
    if (old && next) patch(old, next);
  }
  if (focused !== document.activeElement) (focused.isConnected ? focused : document.getElementById("main")).focus({ preventScroll: true });
  if (still?.isConnected) scrollBy({ top: still.getBoundingClientRect().top - before, behavior: "instant" });
  document.title = fresh.title;
  readClock();
}

// Without fetch, because a document comes ready, and no text has to be turned into HTML.
function ask(method, address, form) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    request.responseType = "document";
    request.timeout = 60_000;
    request.onloadend = () => resolve(request.response?.body?.dataset.here ? request : null);
    request.send(form);
  });
}

// Says something. What was done is said for a while, what went wrong until something else is said. When nothing is said,
// the state of the connection is; and at once if there is none any more, but not in place of what went wrong.
let message = "", connection = "", saying;
function say(text, brief = true) {
  clearTimeout(saying);
  saying = text && brief ? setTimeout(() => say(""), 8000) : undefined;
  message = text;
  show();
}

function connectionIs(text, atOnce = false) {
  connection = paused ? "" : text;
  if (atOnce && saying) say("");
  else show();
}

function show() {
  const text = message || connection;
  if (notice.textContent !== text) notice.textContent = text;
}

async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, every));
    if (paused || document.hidden || body.dataset.live === undefined || body.dataset.sending !== undefined) continue;
    const asked = here, sent = sends;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      connectionIs("The sandbox responds slowly. This page shows what was last known.");
    }, patience);
    const response = await ask("GET", asked);
    clearTimeout(timer);
    if (!response) connectionIs("The sandbox does not respond. This page shows what was last known.", true);
    else if (!late) connectionIs("");
    // A response to a question from before a form was sent is older than what the page shows.
    if (response && !paused && asked === here && sent === sends) take(response.response);
  }
}

// A form that changes something. Its page comes back, with what has come of it.
async function send(form, submitter) {
  if (body.dataset.sending !== undefined) return say("One moment, please: what you did before is not finished.", false);
  body.dataset.sending = "";
  sends++;
  submitter?.setAttribute("aria-busy", "true");
  const timer = setTimeout(() => say("One moment, please.", false), soon);
  const response = await ask("POST", form.getAttribute("action"), new URLSearchParams(new FormData(form, submitter)));
  clearTimeout(timer);
  submitter?.removeAttribute("aria-busy");
  delete body.dataset.sending;
  if (!response) return say("The sandbox does not respond. Nothing is known of what was sent.", false);
  connectionIs("");
  const fresh = response.response, target = new URL(fresh.body.dataset.here, location.href);
  if (target.pathname !== location.pathname) return location.assign(target);
  const failed = response.status >= 400;
  for (const field of form.querySelectorAll("input, select, textarea")) field.removeAttribute("aria-invalid");
  if (failed) form.dataset.dirty = "";
  else {
    delete form.dataset.dirty;
    HTMLFormElement.prototype.reset.call(form);
  }
  take(fresh);
  const slot = form.querySelector("[data-slot]");
  if (!failed) {
    if (slot) slot.textContent = "";
    say(fresh.getElementById("notice")?.textContent ?? "");
    return;
  }
  say("");
  const wrong = fresh.querySelector("[data-slot][role=alert]")?.textContent ?? "It could not be done.";
  if (!slot) return say(wrong);
  slot.setAttribute("role", "alert");
  slot.textContent = wrong;
  const field = form.querySelector(`[name="${CSS.escape(wrong.split(":")[0])}"]:not([type=hidden], button)`);
  field?.setAttribute("aria-invalid", "true");
  field?.focus();
}

// The clock goes on between two looks.
const now = () => document.getElementById("now");

function readClock() {
  const time = now();
  if (time) offset = new Date(time.dateTime) - Date.now();
}

function tick() {
  if (paused || now()?.dataset.runs === undefined) return;
  const text = new Date(Date.now() + offset).toISOString().slice(11, 19);
  if (now().textContent !== text) now().textContent = text;
}

function showPaused() {
  if (button) button.textContent = paused ? "Go on with updates" : "Pause updates";
}

addEventListener("submit", (event) => {
  if (event.target.getAttribute("method") !== "post" || event.target.getAttribute("action").endsWith("/token")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});
addEventListener("input", (event) => {
  if (event.target.form) event.target.form.dataset.dirty = "";
});
addEventListener("click", async (event) => {
  const copy = event.target.closest?.("[data-copy]");
  if (!copy) return;
  try {
    await navigator.clipboard.writeText(copy.dataset.copy);
    say("Copied.");
    copy.dataset.copied = "";
    setTimeout(() => delete copy.dataset.copied, 2000);
  } catch {
    say("The browser does not let this page copy. Select the text instead.");
  }
});
button?.addEventListener("click", () => {
  paused = !paused;
  sessionStorage.setItem("paused", paused ? "yes" : "no");
  showPaused();
  connectionIs("");
  say(paused ? "This page stands still." : "This page follows what happens.");
});

// What the last form did is said once, not again when the page is reloaded.
if (location.search.includes("done=")) history.replaceState(null, "", here + location.hash);
if (button && body.dataset.live === undefined) button.hidden = true;
showPaused();
if (notice.textContent) say(notice.textContent);
readClock();
setInterval(tick, 250);
follow();
