// What the phone can know before anything is paid; the server checks all of it again.

import { paidFor, readDecimal } from "./weights.js";
import { say, sayDay, sayKg, sayMoney } from "./words.js";

const USUAL_G = 100000;
const SMALL_G = 20;

// Reads the form. Gives {body, faults, unusual}: the ticket but for its number, and what is wrong.
export function readForm(form, state, nowMs) {
  const faults = [];
  const number = (name, places, what) => {
    const text = form.elements[name].value;
    const read = readDecimal(text, places);
    if (read.fault) faults.push(say(read.fault, { what: say(what), text: text.trim(), places }));
    return read.value || 0;
  };
  const gross = number("gross", 3, "gross");
  const tare = number("tare", 3, "tare");
  const off = number("off", 3, "off");
  const material = form.elements.material ? form.elements.material.value : "";
  const listed = state.prices[material] || 0;
  const price = form.elements.price.value.trim() ? number("price", 2, "price") : listed;
  const net = gross - tare - off;
  const code = form.elements.reason.value;
  const reason = code === "other" ? `other: ${form.elements.words.value.trim()}` : code;
  const body = {
    keeper: state.keeper,
    material,
    gross_g: gross,
    tare_g: tare,
    deduction_g: off,
    price_minor_per_kg: price,
    paid_minor: net > 0 ? paidFor(net, price) : 0,
    price_list: state.price_list,
    reason: price === listed ? "" : reason,
    scale: form.elements.scale.value,
    source: form.elements.source.value,
    consent: form.elements.consent.checked,
    seller: form.elements.consent.checked ? form.elements.seller.value.trim() : "",
    sure: form.elements.sure.checked,
  };
  const unusual = net > USUAL_G || (net > 0 && net < SMALL_G);
  if (!faults.length) faults.push(...faultsOf(body, { net, listed, unusual, nowMs, state, form }));
  return { body, faults, unusual, net };
}

function faultsOf(body, { net, listed, unusual, nowMs, state, form }) {
  const faults = [];
  const scale = state.scales[body.scale];
  if (!(body.material in state.prices)) faults.push(say("choose"));
  if (body.tare_g >= body.gross_g) {
    faults.push(say("vessel", { tare: sayKg(body.tare_g), gross: sayKg(body.gross_g) }));
  } else if (net <= 0) {
    faults.push(say("nothing"));
  } else if (unusual && !body.sure) {
    faults.push(say("really", { net: sayKg(net) }));
  }
  if (!scale) {
    faults.push(say("noscale"));
  } else {
    if (nowMs >= scale.verified_until_ms) {
      faults.push(say("expired", { scale: body.scale, day: sayDay(scale.verified_until_ms) }));
    }
    if (body.gross_g > scale.most_g) {
      const filled = { gross: sayKg(body.gross_g), scale: body.scale, most: sayKg(scale.most_g) };
      faults.push(say("heavy", filled));
    }
  }
  const why = form.elements.reason.value;
  const said = why && (why !== "other" || form.elements.words.value.trim());
  if (body.price_minor_per_kg !== listed && !said) {
    const filled = { listed: sayMoney(listed), price: sayMoney(body.price_minor_per_kg) };
    faults.push(say("why", filled));
  }
  if (form.elements.seller.value.trim() && !body.consent) faults.push(say("consent"));
  return faults;
}
