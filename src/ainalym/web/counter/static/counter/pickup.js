// A pick-up asked for without a network waits on the phone, and goes out with the tickets.

import { newId } from "./ids.js";
import { flush } from "./send.js";
import { keep } from "./store.js";

const form = document.getElementById("pickup");
const line = document.getElementById("line");
const { base, keeper } = form.dataset;

async function send() {
  const came = await flush(keeper, async () => {});
  return came === "done";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const id = newId(Date.now());
  const site = base.split("/").filter(Boolean).pop();
  const body = { id, note: form.elements.note.value.trim(), event_ms: Date.now() };
  await keep({ id, kind: "pickup", base, site, keeper, body, state: "waiting", faults: [] });
  form.reset();
  const sent = await send();
  line.hidden = false;
  line.classList.toggle("good", sent);
  line.textContent = sent ? form.dataset.done : form.dataset.waits;
  document.documentElement.dataset.queue = sent ? "done" : "offline";
});
window.addEventListener("online", send);
send();
