// The pause between two turns: it counts down, sounds a chime, and then goes on by itself.
import { part } from "./screen.js";

/** @typedef {import("./sound.js").Sound} Sound */

const WARN_S = 3;

/**
 * Run the timer of the form that is on the page, if there is one.
 * @param {Sound | undefined} sound
 * @param {(form: HTMLFormElement) => void} goOn
 */
export function rest(sound, goOn) {
  const form = document.getElementById("next");
  if (!(form instanceof HTMLFormElement)) return;
  const timer = part("timer", HTMLElement);
  const until_ms = performance.now() + 1000 * Number(form.dataset.rest);
  let shown = -1;
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    clearInterval(ticking);
    goOn(form);
  };
  const ticking = setInterval(() => {
    const left_s = Math.max(0, Math.ceil((until_ms - performance.now()) / 1000));
    if (left_s === shown) return;
    shown = left_s;
    timer.textContent = `${left_s} s`;
    if (left_s > 0 && left_s <= WARN_S) sound?.tone({ t_s: 0, name: "tick", lasts_s: 0 });
    if (left_s > 0) return;
    sound?.tone({ t_s: 0, name: "chime", lasts_s: 0 });
    finish();
  }, 200);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    finish();
  });
}
