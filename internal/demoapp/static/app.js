// What the pages do with passkeys. The forms that need one have data-passkey; everything else works without a script.
import { createPasskey, signWithPasskey } from "./passkey.js";

const main = document.querySelector("main");
const message = document.getElementById("message");

// say shows a message at the lower edge, without hiding what has the focus.
function say(text) {
  message.value = text;
  document.activeElement.scrollIntoView({ block: "nearest" });
}

// fetchJSON throws what the server says in words if it refuses, with the status.
async function fetchJSON(path, request) {
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Error("There is no connection. Please look at your transactions before you try again.");
  }
  if (!response.ok) throw Object.assign(new Error((await response.text()).trim()), { status: response.status });
  return response.json();
}

const post = (path, body) => fetchJSON(path, { method: "POST", body });

// Each takes the form's address and values to the server, asks for the passkey, and returns where to go next.
const journeys = {
  async create(action, values) {
    const options = await post(action, values);
    return post("/passkeys", JSON.stringify(await createPasskey(options)));
  },
  async sign(action, values) {
    const { what, options, submit } = await post(action, values);
    say(`${what}: please confirm with your passkey.`);
    const answer = JSON.stringify(await signWithPasskey(options));
    say(`${what}: submitting.`);
    return post(submit, answer);
  },
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // The buttons stay enabled meanwhile: a disabled one would lose the keyboard focus.
    if (main.ariaBusy === "true") return;
    main.ariaBusy = "true";
    say("");
    const action = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
    try {
      const { location } = await journeys[form.dataset.passkey](action, new URLSearchParams(new FormData(form)));
      window.location.assign(location); // and stay busy until the next page is there
    } catch (error) {
      say(error.message);
      main.ariaBusy = "false";
    }
  });
}

// watch shows how a transaction goes on. The server answers when there is something new.
async function watch(card) {
  let { id, seen, final } = card.dataset;
  while (final !== "true") {
    let now;
    try {
      now = await fetchJSON(`/transactions/${id}/status?${new URLSearchParams({ seen })}`);
    } catch (error) {
      if (error.status < 500) return say(error.message);
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
    say(`${document.querySelector("h1").textContent}: ${now.state}`);
  }
}

const transaction = document.getElementById("transaction");
if (transaction) watch(transaction);

// Screen readers read changes of a status, not what was there from the beginning.
const notice = message.value;
if (notice) setTimeout(() => ((message.value = ""), say(notice)), 100);

// A page that the browser kept for the way back shows what was, and may still be busy.
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
