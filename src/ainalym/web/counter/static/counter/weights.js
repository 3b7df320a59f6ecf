// Numbers as keepers type them: the same rules as counter/weights.py, held to the same cases.

const PLAIN = /^(\d{1,9})(?:[.,](\d{1,9}))?$/;

// Reads a number into whole units of its last decimal place; empty is 0.
// Gives {value}, or {fault: "number" | "decimals"}.
export function readDecimal(text, places) {
  const bare = text.replace(/[\s\u00a0\u202f]+/g, "");
  if (!bare) return { value: 0 };
  const match = PLAIN.exec(bare);
  if (!match) return { fault: "number" };
  const part = (match[2] || "").replace(/0+$/, "");
  if (part.length > places) return { fault: "decimals" };
  return { value: Number(match[1] + part.padEnd(places, "0")) };
}

// Weight times price, in whole tenge.
export function paidFor(netG, priceMinorPerKg) {
  const due = Math.floor((netG * priceMinorPerKg + 500) / 1000);
  return Math.floor((due + 50) / 100) * 100;
}
