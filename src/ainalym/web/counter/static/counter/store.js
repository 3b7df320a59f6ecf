// What the phone keeps until the book has answered: deeds, and notes such as the next slip number.

const NAME = "ainalym-counter";

function open() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("deeds", { keyPath: "id" });
      asked.result.createObjectStore("notes");
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

// Runs `work(deeds, notes)` in one transaction; what it leaves in `box.value` is given back once
// everything is on the disk.
async function within(mode, work) {
  const base = await open();
  try {
    return await new Promise((done, failed) => {
      const turn = base.transaction(["deeds", "notes"], mode, { durability: "strict" });
      const box = { value: undefined };
      turn.oncomplete = () => done(box.value);
      turn.onabort = () => failed(box.error || turn.error);
      work(turn.objectStore("deeds"), turn.objectStore("notes"), box, turn);
    });
  } finally {
    base.close();
  }
}

export function note(key) {
  return within("readonly", (_, notes, box) => {
    notes.get(key).onsuccess = (event) => { box.value = event.target.result; };
  });
}

export function setNote(key, value) {
  return within("readwrite", (_, notes) => { notes.put(value, key); });
}

// Numbers a ticket and keeps it, both or neither: no number is used twice, none is skipped.
// `number` is given where a refused ticket is told anew under the slip that was written.
export function keepTicket(deed, seriesKey, kept) {
  return within("readwrite", (deeds, notes, box, turn) => {
    notes.get(seriesKey).onsuccess = (event) => {
      const series = event.target.result;
      if (!series) {
        box.error = new Error("series");
        turn.abort();
        return;
      }
      const body = kept
        ? { ...deed.body, series: kept.series, number: kept.number }
        : { ...deed.body, series: series.series, number: series.next };
      if (!kept) notes.put({ ...series, next: series.next + 1 }, seriesKey);
      box.value = { ...deed, body, state: "waiting", faults: [] };
      deeds.put(box.value);
      if (kept) deeds.delete(kept.id);
    };
  });
}

export function keep(deed) {
  return within("readwrite", (deeds) => { deeds.put(deed); });
}

export function forget(id) {
  return within("readwrite", (deeds) => { deeds.delete(id); });
}

// All deeds, oldest first: their names begin with the time.
export function all() {
  return within("readonly", (deeds, _, box) => {
    deeds.getAll().onsuccess = (event) => { box.value = event.target.result; };
  });
}
