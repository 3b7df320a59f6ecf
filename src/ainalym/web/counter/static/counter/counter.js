// The counter's page: weigh, pay, keep, send.

import { readForm } from "./check.js";
import { newId } from "./ids.js";
import { flush, takeSeries } from "./send.js";
import { all, forget, keepTicket, note, setNote } from "./store.js";
import { say, sayKg, sayMoney } from "./words.js";

const form = document.getElementById("ticket");
const line = document.getElementById("line");
const sum = document.getElementById("sum");
const box = document.getElementById("faults");
const base = form.dataset.base;
const TWO_DAYS_MS = 2 * 24 * 3600 * 1000;
const LONGEST_WAIT_MS = 60000;

let state = JSON.parse(form.dataset.state);
let skewMs = 0;
let told = null; // the refused deed that is being told anew
let waitMs = 2000;
let timer = 0;

const now = () => Date.now() + skewMs;

function nameOf(material) {
  const button = form.querySelector(`input[value="${CSS.escape(material)}"]`);
  return button ? button.parentElement.querySelector("span").textContent : material;
}

function showFaults(faults) {
  box.hidden = !faults.length;
  box.firstElementChild.replaceChildren(
    ...faults.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
}

function showSum() {
  const { body, net, unusual } = readForm(form, state, now());
  document.getElementById("sure-line").hidden = !unusual;
  const ready = body.material && net > 0;
  const filled = { net: sayKg(net), price: sayMoney(body.price_minor_per_kg), sum: sayMoney(body.paid_minor) };
  sum.textContent = ready ? say("sum", filled) : say("prompt");
}

async function showSlips() {
  const deeds = (await all()).filter((deed) => deed.kind === "ticket" && deed.keeper === state.keeper);
  const lines = deeds.reverse().slice(0, 50).map(lineOf);
  document.getElementById("slips").replaceChildren(...lines);
  document.getElementById("mine").hidden = !lines.length;
}

function lineOf(deed) {
  const one = document.getElementById("slip-line").content.firstElementChild.cloneNode(true);
  const { body } = deed;
  const net = body.gross_g - body.tare_g - body.deduction_g;
  const number = one.querySelector(".slip-number");
  const tag = one.querySelector(".tag");
  one.dataset.state = deed.state;
  number.textContent = `${body.series}-${body.number}`;
  if (deed.state === "sent") {
    const link = Object.assign(document.createElement("a"), { href: `${deed.base}slips/${deed.id}` });
    link.textContent = number.textContent;
    number.replaceChildren(link);
  }
  one.querySelector(".slip-what").textContent = `${nameOf(body.material)}, ${sayKg(net)} ${say("kg")}`;
  one.querySelector(".slip-paid").textContent = sayMoney(body.paid_minor);
  tag.textContent = say(deed.state);
  tag.classList.toggle("gold", deed.state === "waiting");
  tag.classList.toggle("red", deed.state === "refused");
  const faults = deed.renumbered ? [say("renumbered"), ...deed.faults] : deed.faults;
  one.querySelector(".slip-fault").textContent = faults.join(" ");
  const again = one.querySelector(".again");
  again.hidden = deed.state !== "refused";
  again.addEventListener("click", () => tellAnew(deed));
  return one;
}

// Fills the form with a refused ticket; it keeps the number of the slip that was written.
function tellAnew(deed) {
  const { body } = deed;
  const put = (name, grams) => { form.elements[name].value = grams ? sayPlain(grams) : ""; };
  told = deed;
  put("gross", body.gross_g);
  put("tare", body.tare_g);
  put("off", body.deduction_g);
  const button = form.querySelector(`input[value="${CSS.escape(body.material)}"]`);
  if (button) {
    button.checked = true;
    button.closest("details").open = true;
  }
  showSum();
  form.elements.gross.focus();
}

const sayPlain = (grams) => String(grams / 1000).replace(".", ",");

async function showLine(came) {
  const deeds = (await all()).filter((deed) => deed.state !== "sent");
  const mine = deeds.filter((deed) => deed.keeper === state.keeper);
  const waiting = mine.filter((deed) => deed.state === "waiting").length;
  const refused = mine.filter((deed) => deed.state === "refused").length;
  const others = deeds.length - mine.length;
  const parts = [];
  if (waiting && came === "signin") parts.push(say("signin", { count: waiting }));
  else if (waiting && (came === "sending" || came === "busy")) parts.push(say("sending"));
  else if (waiting) parts.push(say("offline", { count: waiting }));
  if (refused) parts.push(say("refusedline", { count: refused }));
  if (others) parts.push(say("other", { count: others }));
  line.hidden = !parts.length && came !== "done";
  line.classList.toggle("good", !parts.length);
  line.replaceChildren(parts.join(" ") || say("allsent"));
  if (waiting && came === "signin") {
    const aim = `/people/sign-in?next=${encodeURIComponent(location.pathname)}`;
    line.replaceChildren(Object.assign(document.createElement("a"), { href: aim, textContent: parts.join(" ") }));
  }
  document.documentElement.dataset.queue = came;
}

async function send() {
  clearTimeout(timer);
  if ((await all()).some((deed) => deed.state === "waiting" && deed.keeper === state.keeper)) {
    await showLine("sending");
  }
  let came = "offline";
  try {
    await takeSeries(base, state.site, state.keeper);
    came = await flush(state.keeper, showSlips);
  } catch {
    came = "offline"; // no network, or an answer that is none: try again later
  }
  await showSlips();
  await showLine(came);
  const waits = (await all()).some((deed) => deed.state === "waiting" && deed.keeper === state.keeper);
  if (came === "done" && !waits) waitMs = 2000;
  else {
    timer = setTimeout(send, waitMs);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
  }
}

async function pay(event) {
  event.preventDefault();
  const { body, faults } = readForm(form, state, now());
  showFaults(faults);
  if (faults.length) return;
  const at = Math.round(now());
  const id = newId(at);
  const deed = {
    id,
    kind: "ticket",
    base,
    site: state.site,
    keeper: state.keeper,
    body: { ...body, id, event_ms: at, device_ms: Date.now() },
  };
  form.inert = true; // until it is on the disk: what is typed meanwhile would be lost
  const kept = told && { id: told.id, series: told.body.series, number: told.body.number };
  try {
    await keepTicket(deed, `series/${state.site}/${state.keeper}`, kept);
  } catch (error) {
    showFaults([error.message === "series" ? say("first") : String(error)]);
    return;
  } finally {
    form.inert = false;
  }
  told = null;
  form.reset();
  for (const tile of form.querySelectorAll("details[open]")) tile.open = false;
  showSum();
  await showSlips();
  window.scrollTo({ top: 0 });
  waitMs = 2000;
  await send();
}

// Prices, scales and the time, from the server where it can be reached, else as last heard.
async function refresh() {
  const heard = await note(`state/${state.site}`);
  if (heard && heard.keeper === state.keeper && heard.now_ms > state.now_ms) state = heard;
  skewMs = (await note("skew")) || 0;
  try {
    const before = Date.now();
    const answer = await fetch(`${base}state`, {
      credentials: "same-origin",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(LONGEST_WAIT_MS / 4),
    });
    if (!answer.ok) return;
    const fresh = await answer.json();
    if (fresh.keeper !== state.keeper) return;
    skewMs = fresh.now_ms - (before + Date.now()) / 2;
    state = fresh;
    await setNote("skew", skewMs);
    await setNote(`state/${state.site}`, state);
  } catch {
    // Without a network the last prices hold.
  }
}

async function tidy() {
  for (const deed of await all()) {
    if (deed.state === "sent" && now() - deed.body.event_ms > TWO_DAYS_MS) await forget(deed.id);
  }
}

form.addEventListener("submit", pay);
form.addEventListener("input", showSum);
form.addEventListener("change", showSum);
window.addEventListener("online", send);
document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(form.dataset.worker, { scope: new URL("../", new URL(base, location)).pathname });
}
if (navigator.storage && navigator.storage.persist) navigator.storage.persist();

await showSlips();
await refresh();
showSum();
await send();
await tidy();
document.documentElement.dataset.counter = "ready";
