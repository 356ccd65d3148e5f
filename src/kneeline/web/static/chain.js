// The chain: one part of the drawn leg is moved, the others follow as far as the couplings say. It measures nothing.
import { part } from "./screen.js";

/**
 * @typedef {{low: number, usual: number, high: number}} Range
 * @typedef {{says: string, unit: string, least: number, most: number}} Part
 * @typedef {{part: Record<string, Part>, follows: Record<string, Record<string, Range>>}} Chain
 * @typedef {Record<string, number>} Posture
 */

/** Heights and places in the drawing: see kneeline/report/leg.py. */
const HIP = { x: 214, y: 150 };
const OTHER_HIP = { x: 386, y: 150 };
const KNEE_Y = 520;
const ANKLE_Y = 880;
const FLOOR_Y = 972;
const BONE = 365;
const ROUND = 45;
const AXIS = /** @type {const} */ ([[150, 200], [520, 213], [880, 216]]);
/** How a turn about the length shows: the front of the leg lies so far before its axis. */
const DEPTH = 44;
/** The thigh is drawn turned by this share of what the knee moves in, and the kneecap's way larger than life. */
const TURN = 0.6;
const LARGER = 4;
/** How far a handle goes for each degree, and which way. */
const PULL = { foot: [5, 0], shin: [5, 0], knee: [3.2, 0], pelvis: [0, 3] };
const STEP_MS = 700;

/** @template {SVGElement} T @param {string} selector @param {new () => T} kind @returns {T} */
function graphic(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

const root = part("chain", HTMLElement);
/** @type {Chain} */
const chain = JSON.parse(root.dataset.chain ?? "");
const mirrored = root.dataset.side === "left";
const told = part("told", HTMLElement);
const still = matchMedia("(prefers-reduced-motion: reduce)");

let moved = "foot";
let value = 0;
let telling = 0;
let running = 0;

/** @param {number} degrees */
const radians = (degrees) => (degrees * Math.PI) / 180;
/** @param {number} x @param {number} [low] @param {number} [high] */
const clamp = (x, low = 0, high = 1) => Math.min(Math.max(x, low), high);

/** What all parts do, at one end of the range or in its middle. @param {keyof Range} end @returns {Posture} */
function posture(end) {
  const now = { foot: 0, shin: 0, knee: 0, pelvis: 0, kneecap: 0, [moved]: value };
  for (const [name, range] of Object.entries(chain.follows[moved] ?? {})) now[name] = value * range[end];
  return now;
}

/** @param {number} y the height at which the leg's own axis is wanted */
function axis(y) {
  const [top, middle, bottom] = AXIS;
  const [a, b] = y < middle[0] ? [top, middle] : [middle, bottom];
  return a[1] + ((y - a[0]) / (b[0] - a[0])) * (b[1] - a[1]);
}

/** How far a height of the leg goes sideways. @param {number} y @param {Posture} now */
function sideways(y, now) {
  const aside = BONE * Math.tan(radians(now.knee ?? 0) / 2);
  const from = Math.hypot(y - KNEE_Y, ROUND) - ROUND;
  const tent = clamp(1 - from / (Math.hypot(BONE, ROUND) - ROUND));
  const tip = (FLOOR_Y - ANKLE_Y) * Math.tan(radians(now.foot ?? 0));
  const up = y > ANKLE_Y ? clamp((FLOOR_Y - y) / (FLOOR_Y - ANKLE_Y)) : clamp((y - KNEE_Y) / (ANKLE_Y - KNEE_Y)) ** 1.5;
  return aside * tent + tip * up;
}

/** @param {number} x @param {number} y @param {number} degrees @returns {[number, number]} */
function dropped(x, y, degrees) {
  const [sine, cosine] = [Math.sin(radians(degrees)), Math.cos(radians(degrees))];
  return [HIP.x + (x - HIP.x) * cosine - (y - HIP.y) * sine, HIP.y + (x - HIP.x) * sine + (y - HIP.y) * cosine];
}

/**
 * Where a point of the drawing goes.
 * @param {number} x @param {number} y @param {string} moves @param {Posture} now @returns {[number, number]}
 */
function bent(x, y, moves, now) {
  const drop = now.pelvis ?? 0;
  const [px, py] = dropped(x, y, drop);
  if (moves === "free") {
    const [hx, hy] = dropped(OTHER_HIP.x, OTHER_HIP.y, drop);
    const rigid = clamp((150 - y) / 150);
    return [rigid * px + (1 - rigid) * (x + hx - OTHER_HIP.x), rigid * py + (1 - rigid) * (y + hy - OTHER_HIP.y)];
  }
  if (moves === "pelvis") {
    const rigid = x < 180 ? clamp((185 - y) / 70) : 1;
    return [rigid * px + (1 - rigid) * x, rigid * py + (1 - rigid) * y];
  }
  if (moves === "patella") return [x + sideways(505, now) - LARGER * (now.kneecap ?? 0), y];
  let [toX, toY] = [x + sideways(y, now), y];
  const thigh = TURN * (now.knee ?? 0) * clamp((y - HIP.y) / (KNEE_Y - HIP.y));
  const shin = (now.shin ?? 0) * (1 - 0.5 * clamp((y - KNEE_Y) / (ANKLE_Y - KNEE_Y)));
  const turned = { femur: thigh, groove: thigh, tibia: shin, tendon: shin }[moves];
  if (turned !== undefined) {
    const aside = x - axis(y);
    const before = Math.sqrt(Math.max(DEPTH ** 2 - aside ** 2, 0));
    toX += before * Math.sin(radians(turned)) - aside * (1 - Math.cos(radians(turned)));
  }
  if (moves === "tendon") {
    const below = clamp((y - 529) / 55);
    toX = below * toX + (1 - below) * (x + sideways(505, now) - LARGER * (now.kneecap ?? 0));
  }
  if (moves === "foot" || moves === "skin") {
    const arch = clamp((x - 205) / 50) * clamp(1 - Math.abs(y - 918) / 42);
    toY = Math.min(y + 0.7 * arch * (now.foot ?? 0), Math.max(y, 966));
    if (moves === "skin" && y < 190) {
      const rigid = clamp((190 - y) / 130);
      [toX, toY] = [rigid * px + (1 - rigid) * toX, rigid * py + (1 - rigid) * toY];
    }
  }
  return [toX, toY];
}

const paths = [...root.querySelectorAll("path[data-moves]")].map((path) => {
  const end = path.classList.contains("low") ? "low" : path.classList.contains("high") ? "high" : "usual";
  const drawn = path.getAttribute("d") ?? "";
  return { path, moves: path.getAttribute("data-moves") ?? "", end: /** @type {keyof Range} */ (end), drawn };
});
const POINT = /(-?[\d.]+),(-?[\d.]+)/g;

function draw() {
  const all = { low: posture("low"), usual: posture("usual"), high: posture("high") };
  for (const { path, moves, end, drawn } of paths) {
    const to = drawn.replace(POINT, (_, x, y) => bent(Number(x), Number(y), moves, all[end]).map((n) => n.toFixed(1)).join(","));
    path.setAttribute("d", to);
  }
  for (const [name, known] of Object.entries(chain.part)) show(name, known, all);
}

/** @param {number} amount @param {string} unit */
function words(amount, unit) {
  const exact = unit === "mm" || Math.abs(amount) < 2;
  const number = (exact ? amount.toFixed(1) : amount.toFixed(0)).replace("-", "−");
  return `${Number(amount.toFixed(1)) === 0 ? "0" : number}${unit === "deg" ? "°" : " mm"}`;
}

/** @param {string} name @param {Part} known @param {Record<keyof Range, Posture>} all */
function show(name, known, all) {
  const now = all.usual[name] ?? 0;
  const [low, high] = [all.low[name] ?? 0, all.high[name] ?? 0].sort((a, b) => a - b);
  const slider = root.querySelector(`input[data-part="${name}"]`);
  const mine = name === moved;
  const says = mine || !value ? words(now, known.unit) : `about ${words(now, known.unit)}, ${words(low ?? 0, known.unit)} to ${words(high ?? 0, known.unit)}`;
  part(`now-${name}`, HTMLOutputElement).textContent = says;
  if (slider instanceof HTMLInputElement) {
    slider.value = String(now);
    slider.setAttribute("aria-valuetext", mine ? says : `follows: ${says}`);
  }
  /** @param {number} at */
  const place = (at) => (100 * (clamp(at, known.least, known.most) - known.least)) / (known.most - known.least);
  const band = graphic(`#band-${name}`, SVGRectElement);
  band.setAttribute("x", String(place(low ?? 0)));
  band.setAttribute("width", String(mine ? 0 : place(high ?? 0) - place(low ?? 0)));
  root.querySelector(`#dot-${name}`)?.setAttribute("cx", String(place(now)));
  const handle = root.querySelector(`g[data-part="${name}"]`);
  const [dx = 0, dy = 0] = PULL[/** @type {keyof typeof PULL} */ (name)] ?? [];
  handle?.setAttribute("transform", `translate(${dx * now},${dy * now})`);
  handle?.classList.toggle("moved", mine && value !== 0);
}

/** Say what happened, once it has come to rest. */
function tell() {
  clearTimeout(telling);
  telling = setTimeout(() => {
    const all = { low: posture("low"), usual: posture("usual"), high: posture("high") };
    const others = Object.keys(chain.follows[moved] ?? {}).map((name) => {
      const known = chain.part[name];
      const [low = 0, high = 0] = [all.low[name] ?? 0, all.high[name] ?? 0].sort((a, b) => a - b);
      return known ? `${known.says} ${words(all.usual[name] ?? 0, known.unit)} (${words(low, known.unit)} to ${words(high, known.unit)})` : "";
    });
    const mine = chain.part[moved];
    told.textContent = !value || !mine ? "All parts stand straight."
      : `You moved one part: ${mine.says} ${words(value, mine.unit)}. In this model, ${others.join("; ")}.`;
  }, 350);
}

/** @param {string} name @param {number} to */
function move(name, to) {
  const known = chain.part[name];
  if (!known) return;
  moved = name;
  value = clamp(Math.round(2 * to) / 2, known.least, known.most);
  draw();
  tell();
}

/** Go there in a moment, or at once where less motion is wanted. @param {string} name @param {number} to */
function glide(name, to) {
  const mine = ++running;
  const from = name === moved ? value : 0;
  const began = performance.now();
  const step = () => {
    if (mine !== running) return;
    const share = still.matches ? 1 : clamp((performance.now() - began) / STEP_MS);
    move(name, from + (to - from) * share * share * (3 - 2 * share));
    if (share < 1) requestAnimationFrame(step);
  };
  step();
}

for (const slider of root.querySelectorAll("input[data-part]")) {
  if (!(slider instanceof HTMLInputElement)) continue;
  slider.addEventListener("input", () => {
    running += 1;
    move(slider.dataset.part ?? "", Number(slider.value));
  });
}
for (const button of root.querySelectorAll("button[data-to]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  button.onclick = () => glide(button.dataset.part || moved, Number(button.dataset.to));
}

const drawing = graphic("#leg", SVGSVGElement);
for (const handle of root.querySelectorAll("g[data-part]")) {
  if (!(handle instanceof SVGGElement)) continue;
  const name = handle.dataset.part ?? "";
  const [dx = 0, dy = 0] = PULL[/** @type {keyof typeof PULL} */ (name)] ?? [];
  handle.addEventListener("pointerdown", (event) => {
    running += 1;
    const scale = drawing.getScreenCTM()?.a ?? 1;
    const from = name === moved ? value : posture("usual")[name] ?? 0;
    const [x, y] = [event.clientX, event.clientY];
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (next) => {
      const across = (next.clientX - x) * (mirrored ? -1 : 1);
      const way = (across * dx + (next.clientY - y) * dy) / (dx * dx + dy * dy) / scale;
      move(name, from + way);
    };
    handle.onpointerup = handle.onpointercancel = () => (handle.onpointermove = null);
    event.preventDefault();
  });
}

for (const waiting of root.querySelectorAll("[data-waits]")) waiting.removeAttribute("hidden");
root.dataset.ready = "";
draw();
