// The replay of a set: kept keypoints, drawn as they moved.
import { part } from "./screen.js";
import { drawSkeleton } from "./skeleton.js";

const ROW = 100;

const canvas = part("skeleton", HTMLCanvasElement);
const button = part("play", HTMLButtonElement);
const slider = part("at", HTMLInputElement);
const time = part("time", HTMLOutputElement);

const response = await fetch(canvas.dataset.keypoints ?? "");
const rows = new Float32Array(await response.arrayBuffer());
const [width = 1, height = 1] = rows;
const frames = rows.length / ROW - 1;
const last_s = rows[frames * ROW] ?? 0;
slider.max = String(last_s);

let running = 0;

/** @param {number} t_s */
function show(t_s) {
  let low = 1;
  let high = frames;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle * ROW] ?? 0) <= t_s) low = middle;
    else high = middle - 1;
  }
  const points = rows.subarray(low * ROW + 1, (low + 1) * ROW);
  drawSkeleton(canvas, { t_s, width, height, people: -1, points });
  slider.value = String(t_s);
  time.textContent = `${t_s.toFixed(1)} s`;
}

function stop() {
  running += 1;
  button.textContent = "Play";
}

function play() {
  const mine = ++running;
  const from_s = Number(slider.value) >= last_s ? 0 : Number(slider.value);
  const began_ms = performance.now();
  button.textContent = "Pause";
  const step = () => {
    if (mine !== running) return;
    const t_s = from_s + (performance.now() - began_ms) / 1000;
    show(Math.min(t_s, last_s));
    if (t_s < last_s) requestAnimationFrame(step);
    else stop();
  };
  step();
}

button.onclick = () => (button.textContent === "Play" ? play() : stop());
slider.oninput = () => {
  stop();
  show(Number(slider.value));
};
show(0);
