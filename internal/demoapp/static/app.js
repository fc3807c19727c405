// What the pages do with passkeys, and the comforts around that. The forms that need a passkey have data-passkey.
import { createPasskey, PasskeyError, signWithPasskey } from "./passkey.js";

const main = document.querySelector("main");
const message = document.getElementById("message");
const dialog = document.getElementById("confirm");

// say shows a message at the lower edge, without hiding what has the focus.
function say(text) {
  message.value = text;
  document.activeElement.scrollIntoView({ block: "nearest" });
}

// element makes one with a text: the policy of Trusted Types forbids markup, and names come from other people.
function element(tag, text, attributes = {}) {
  const made = Object.assign(document.createElement(tag), { textContent: text });
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// RequestError is what the server says, with the field that it is about.
class RequestError extends Error {
  constructor(message, status, field) {
    super(message);
    Object.assign(this, { status, field });
  }
}

async function fetchJSON(path, request) {
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new RequestError("There is no connection. Please check your transactions before you try again.", 0);
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new RequestError(body.message ?? "That did not work. Please try again.", response.status, body.field);
  return body;
}

const post = (path, body) => fetchJSON(path, { method: "POST", body });

// confirmed shows what is signed before the passkey is asked for, and returns where to go next; nothing if the user does
// not want to. The passkey is asked for by a click of its own, which browsers require even after a slow request.
function confirmed({ what, facts, options, submit }) {
  document.getElementById("confirm-what").textContent = what;
  document.getElementById("confirm-facts").replaceChildren(...facts.map(({ name, value }) => {
    const row = document.createElement("div");
    row.append(element("dt", name), element("dd", value));
    return row;
  }));
  const problem = document.getElementById("confirm-problem");
  const sign = document.getElementById("confirm-sign");
  problem.textContent = "";
  say("");
  dialog.returnValue = "";
  dialog.showModal();
  sign.focus();
  return new Promise((resolve, reject) => {
    const leave = new AbortController(); // ends the ceremony, and the listeners of this dialog
    let submitting = false;
    dialog.addEventListener("cancel", (event) => submitting && event.preventDefault(), { signal: leave.signal });
    dialog.addEventListener("close", () => {
      leave.abort();
      if (!submitting) resolve();
    }, { signal: leave.signal });
    dialog.querySelector("form").addEventListener("submit", (event) => submitting && event.preventDefault(), { signal: leave.signal });
    sign.addEventListener("click", async () => {
      if (sign.ariaBusy === "true") return;
      working(sign, true); // until the next page is there, if all goes well
      problem.textContent = "";
      try {
        say(`${what}: waiting for your passkey.`);
        const response = JSON.stringify(await signWithPasskey(options, { signal: leave.signal }));
        submitting = true;
        say(`${what}: submitting.`);
        resolve(await post(submit, response));
      } catch (error) {
        say("");
        working(sign, false);
        if (error instanceof PasskeyError && error.code === "aborted") return;
        if (error instanceof PasskeyError) {
          problem.textContent = error.message;
          return;
        }
        submitting = true; // the close event must not decide
        dialog.close();
        reject(error);
      }
    }, { signal: leave.signal });
  });
}

// Each takes the form's address and values to the server, asks for the passkey, and returns where to go next.
const journeys = {
  async create(action, values) {
    const options = await post(action, values);
    say("Waiting for your device to create the passkey.");
    const response = await createPasskey(options);
    say("Saving your passkey.");
    return post("/passkeys", JSON.stringify(response));
  },
  async sign(action, values) {
    return confirmed(await post(action, values));
  },
};

// working shows at once that something was begun. A button stays enabled meanwhile: a disabled one would lose the focus.
function working(button, busy) {
  button.ariaBusy = String(busy);
}

// Errors stand beside their field.
function showProblem(form, field, text) {
  const input = form.elements[field];
  const id = `${input.id}-problem`;
  const note = document.getElementById(id) ?? element("p", "", { id, class: "wrong" });
  note.textContent = text;
  (input.closest(".with-max") ?? input).after(note);
  input.ariaInvalid = "true";
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other && other !== id);
  input.setAttribute("aria-describedby", [id, ...described].join(" "));
  input.focus();
}

function forgetProblems(form) {
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    const id = `${input.id}-problem`;
    document.getElementById(id)?.remove();
    input.removeAttribute("aria-invalid");
    const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other && other !== id);
    if (described.length) input.setAttribute("aria-describedby", described.join(" "));
    else input.removeAttribute("aria-describedby");
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (main.ariaBusy === "true") return;
    main.ariaBusy = "true";
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    working(button, true);
    forgetProblems(form);
    say("One moment, please.");
    try {
      const next = await journeys[form.dataset.passkey](form.getAttribute("action"), new URLSearchParams(new FormData(form)));
      if (next) return window.location.assign(next.location); // and stay busy until the next page is there
      say("Nothing was signed.");
      button.focus();
    } catch (error) {
      if (error.status === 401) return signInAgain(form);
      if (error.field && form.elements[error.field]) {
        say("");
        showProblem(form, error.field, error.message);
      } else {
        say(error.message);
        button.focus();
      }
      if (!(error instanceof RequestError || error instanceof PasskeyError)) console.error(error);
    }
    working(button, false);
    main.ariaBusy = "false";
  });
}

// Forms that need no script show at once that they were sent.
for (const form of document.querySelectorAll("form[method=post]:not([data-passkey])")) {
  form.addEventListener("submit", (event) => {
    if (main.ariaBusy === "true") return event.preventDefault();
    main.ariaBusy = "true";
    if (event.submitter) working(event.submitter, true);
  });
}

// A session that has ended keeps what was typed, for the same user in the same tab.
const typedKey = () => `typed ${document.body.dataset.user} ${window.location.pathname}`;

function signInAgain(form) {
  const values = [...form.elements].filter(({ type, name }) => name && type !== "hidden").map(({ id, value }) => [id, value]);
  sessionStorage.setItem(typedKey(), JSON.stringify(values));
  window.location.assign(`/?${new URLSearchParams({ next: window.location.pathname })}`);
}

const typed = document.body.dataset.user && sessionStorage.getItem(typedKey());
if (typed) {
  sessionStorage.removeItem(typedKey());
  for (const [id, value] of JSON.parse(typed)) {
    const input = document.getElementById(id);
    if (input) input.value = value;
  }
  message.value ||= "What you typed is still here.";
}
document.querySelector("form.out")?.addEventListener("submit", () => sessionStorage.clear());

for (const button of document.querySelectorAll("[data-max]")) {
  button.addEventListener("click", () => {
    const input = document.getElementById(button.dataset.for);
    forgetProblems(input.form);
    input.value = button.dataset.max;
    input.focus();
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const words = [...button.childNodes];
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      say("Copied.");
    } catch {
      say("Your browser did not let us copy it.");
    }
    setTimeout(() => {
      button.replaceChildren(...words);
      if (message.value === "Copied.") say("");
    }, 2000);
  });
}

// Times are in the user's own zone. Without a script they are in UTC.
const styles = {
  date: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" }),
  time: new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }),
  both: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }),
};
function localTime(time) {
  const at = new Date(time.dateTime);
  time.title = at.toUTCString();
  time.textContent = styles[time.dataset.shows ?? "both"].format(at);
}
for (const time of document.querySelectorAll("time[datetime]")) localTime(time);

// watch shows how a transaction goes on. The server responds when there is something new.
async function watch(card) {
  let { id, seen, final } = card.dataset;
  while (final !== "true") {
    let now;
    try {
      now = await fetchJSON(`/transactions/${id}/status?${new URLSearchParams({ seen })}`);
    } catch (error) {
      if (error.status === 401) return say("Your session has ended. Sign in again to see how it goes on.");
      if (error.status && error.status < 500) return say(error.message);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      continue;
    }
    if (!seen && now.status) return window.location.reload(); // it was looked for, and is there
    final = String(now.final);
    document.getElementById("cancel").hidden = !now.cancellable;
    if (now.status === seen && !now.final) continue;
    seen = now.status;
    const state = document.getElementById("state");
    state.textContent = now.state;
    state.className = `state ${now.status}`;
    document.getElementById("meaning").textContent = now.meaning;
    document.getElementById("timeline").replaceChildren(...now.steps.map(timelineStep));
    say(`${document.querySelector("h1").textContent}: ${now.state}`);
  }
}

function timelineStep({ name, at, state }) {
  const step = element("li", "", { class: state });
  step.append(element("span", name), " ");
  if (at) {
    const time = element("time", "", { datetime: at });
    localTime(time);
    step.append(time);
  } else if (state === "now" || state === "next") {
    step.append(element("small", state));
  }
  return step;
}

const transaction = document.getElementById("transaction");
if (transaction) watch(transaction);

// Screen readers read changes of a status, not what was there from the beginning.
const notice = message.value;
if (notice) setTimeout(() => ((message.value = ""), say(notice)), 100);

// A page that the browser kept for the way back shows what was, and may still be busy.
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
