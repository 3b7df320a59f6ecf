// Sums up a sorting run while it is typed: onto the line, off it, lost. The server sums anew.
const form = document.getElementById("run");
const comma = form.dataset.decimal[1];
const grams = text => {
  const match = /^(\d{1,9})(?:[.,](\d{1,3})0*)?$/.exec(text.replace(/\s/g, ""));
  return match ? Number(match[1] + (match[2] || "").padEnd(3, "0")) : 0;
};
const kilograms = value => {
  const [whole, part] = [Math.trunc(Math.abs(value) / 1000), String(Math.abs(value) % 1000)];
  const digits = part.padStart(3, "0").replace(/0+$/, "");
  return (value < 0 ? "−" : "") + whole + (digits && comma + digits);
};
const sum = name => [...form.querySelectorAll(name)].reduce((all, one) => all + grams(one.value), 0);
const show = () => {
  const into = sum(".into"), out = sum(".out"), sums = document.getElementById("sums");
  document.getElementById("sum-into").textContent = kilograms(into);
  document.getElementById("sum-out").textContent = kilograms(out);
  document.getElementById("sum-loss").textContent = kilograms(into - out);
  sums.classList.toggle("below", out > into);
  sums.hidden = !into && !out;
};
form.addEventListener("input", show);
show();
