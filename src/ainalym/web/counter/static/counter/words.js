// Sentences, weights and money in the language of the page.

const page = document.documentElement.lang || "en";
const words = document.getElementById("words-of-page");

export function say(name, filled = {}) {
  const text = (words && words.dataset[name]) || "";
  return text.replace(/%\((\w+)\)s/g, (_, key) => (key in filled ? filled[key] : ""));
}

export function sayKg(grams) {
  return new Intl.NumberFormat(page, { maximumFractionDigits: 3 }).format(grams / 1000);
}

export function sayMoney(minor) {
  const digits = minor % 100 ? 2 : 0;
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${new Intl.NumberFormat(page, shown).format(minor / 100)}\u00a0₸`;
}

export function sayDay(ms) {
  return new Intl.DateTimeFormat(page === "en" ? "en-GB" : "ru").format(new Date(ms));
}
