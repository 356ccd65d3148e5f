// The guide: everything works without this; it turns the drawn knee, keeps "not told" alone, and prints.

/** @type {HTMLElement | null} */
const knee = document.querySelector(".knee");
for (const side of document.querySelectorAll('input[name="side"]')) {
  side.addEventListener("change", () => {
    if (!(side instanceof HTMLInputElement) || knee === null) return;
    knee.dataset.side = side.value;
    const drawn = document.querySelector("[data-drawn]");
    if (drawn !== null) drawn.textContent = side.value;
  });
}

/** @param {HTMLInputElement} box @returns {HTMLInputElement[]} the other boxes of its question */
const others = (box) =>
  [...document.querySelectorAll('input[type="checkbox"]')].filter(
    /** @returns {one is HTMLInputElement} */
    (one) => one instanceof HTMLInputElement && one.name === box.name && one !== box,
  );

for (const box of document.querySelectorAll('input[type="checkbox"]')) {
  box.addEventListener("change", () => {
    if (!(box instanceof HTMLInputElement) || !box.checked) return;
    const alone = "alone" in box.dataset;
    for (const other of others(box)) if (alone || "alone" in other.dataset) other.checked = false;
    const most = Number(box.closest("[data-most]")?.getAttribute("data-most") ?? Infinity);
    if (others(box).filter((other) => other.checked).length >= most) box.checked = false;
  });
}

/** @type {HTMLButtonElement | null} */
const printing = document.querySelector("[data-print]");
if (printing !== null) {
  printing.hidden = false;
  printing.addEventListener("click", () => window.print());
}
