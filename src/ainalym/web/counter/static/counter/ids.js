// Names for deeds: UUID version 7 (RFC 9562, section 5.7), made on the phone before anything is sent.

export function newId(atMs) {
  const raw = crypto.getRandomValues(new Uint8Array(16));
  for (let k = 0; k < 6; k += 1) raw[k] = Math.floor(atMs / 2 ** (8 * (5 - k))) % 256;
  raw[6] = (raw[6] & 0x0f) | 0x70;
  raw[8] = (raw[8] & 0x3f) | 0x80;
  const hex = [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
