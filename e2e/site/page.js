import { createPasskey } from "./passkey.js";

const main = document.querySelector("main");
const result = document.getElementById("result");

// onSubmit shows what the work returns, or why it failed. The buttons stay enabled meanwhile: a disabled one would lose
// the keyboard focus.
function onSubmit(form, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (main.ariaBusy === "true") return;
    main.ariaBusy = "true";
    result.value = "";
    try {
      result.value = await work(new FormData(form));
    } catch (error) {
      result.value = error.message;
    } finally {
      main.ariaBusy = "false";
    }
  });
}

async function post(path, body) {
  const response = await fetch(path, { method: "POST", body });
  if (!response.ok) throw new Error((await response.text()).trim());
  return response;
}

onSubmit(document.getElementById("ask"), async () => {
  await post("/passkey/code");
  return "We have sent you a code.";
});

onSubmit(document.getElementById("create"), async (form) => {
  const options = await (await post("/passkey/options", new URLSearchParams(form))).json();
  await post("/passkey/finish", JSON.stringify(await createPasskey(options)));
  return "Your passkey is ready.";
});
