// Sends what waits, in order, until the book has answered for each: any number of times, recorded once.

import { all, keep, note, setNote } from "./store.js";

const PATIENCE_MS = 20000;
const seriesKey = (deed) => `series/${deed.site}/${deed.keeper}`;

function token() {
  const found = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie);
  return found ? found[1] : "";
}

function post(address, body) {
  return fetch(address, {
    method: "POST",
    credentials: "same-origin",
    redirect: "error",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      "X-CSRFToken": token(),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

async function told(answer) {
  const kind = answer.headers.get("Content-Type") || "";
  return kind.includes("json") ? answer.json() : null;
}

// A session that ended and began anew has another token; any page of ours brings it.
async function postAnew(address, body, base) {
  const answer = await post(address, body);
  if (answer.status !== 403) return answer;
  const problem = await told(answer.clone());
  if (problem && problem.code) return answer;
  await fetch(base, { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
  return post(address, body);
}

// Gives this phone a series for its slips; a phone that lost its memory, or shares it with a copy
// of itself, gets a new one.
export async function takeSeries(base, site, keeper, { anew = false } = {}) {
  const key = `series/${site}/${keeper}`;
  if (!anew && (await note(key))) return;
  let device = await note("device");
  if (anew || !device) {
    const raw = [...crypto.getRandomValues(new Uint8Array(16))];
    device = raw.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    await setNote("device", device);
  }
  const answer = await postAnew(`${base}series`, { device }, base);
  const found = answer.ok ? await told(answer) : null;
  if (found && found.series) await setNote(key, { series: found.series, next: 1 });
}

async function renumber(deed) {
  await takeSeries(deed.base, deed.site, deed.keeper, { anew: true });
  const series = await note(seriesKey(deed));
  await setNote(seriesKey(deed), { ...series, next: series.next + 1 });
  const body = { ...deed.body, series: series.series, number: series.next };
  const changed = { ...deed, body, renumbered: true };
  await keep(changed);
  return changed;
}

// Sends one deed. Gives "sent", "refused", or why to stop: "signin", "offline".
async function sendOne(deed, mayRenumber = true) {
  let answer;
  let found;
  try {
    answer = await postAnew(deed.base + (deed.kind === "pickup" ? "pickups" : "tickets"), deed.body, deed.base);
    found = await told(answer);
  } catch {
    return "offline";
  }
  if (answer.ok) {
    // Whoever stands between may answer in our name; the book names the deed it recorded.
    if (!found || found.id !== deed.id) return "offline";
    // What it overtook: the keeper reads beside the slip that stock has to be taken again.
    await keep({ ...deed, state: "sent", faults: found.overtaken || [] });
    return "sent";
  }
  if (answer.status === 401) return "signin";
  if (!found || answer.status === 403 || answer.status === 429 || answer.status >= 500) return "offline";
  if (found.code === "number" && mayRenumber) {
    try {
      return await sendOne(await renumber(deed), false);
    } catch {
      return "offline";
    }
  }
  await keep({ ...deed, state: "refused", faults: found.faults || [found.detail || ""] });
  return "refused";
}

// Sends all that waits of one keeper; one page at a time. Gives why it stopped, or "done".
export async function flush(keeper, onChange) {
  const work = async () => {
    for (const deed of await all()) {
      if (deed.state !== "waiting" || deed.keeper !== keeper) continue;
      const came = await sendOne(deed);
      await onChange();
      if (came === "signin" || came === "offline") return came;
    }
    return "done";
  };
  if (!navigator.locks) return work();
  return navigator.locks.request("ainalym-send", { ifAvailable: true }, (lock) => (lock ? work() : "busy"));
}
