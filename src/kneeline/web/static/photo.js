// A photo of the foot: it is shown in this page and tapped here. Only where was tapped is sent; no picture ever is.
import { part } from "./screen.js";

const PLACES = ["the back of the heel, at the floor", "the ball of the big toe, at the floor", "the top of the foot, above its middle"];
const LONGEST_PX = 2048;
const LOUPE_PX = 150;
const ZOOM = 3;
const NEAR_PX = 28;
const STEP_PX = 2;

/** @typedef {{x: number, y: number}} Place in pixels of the photo as it is shown upright */

class Photo {
  constructor() {
    const root = part("photo", HTMLElement);
    this.rounds = Number(root.dataset.rounds);
    this.canvas = part("foot", HTMLCanvasElement);
    this.say = part("say", HTMLElement);
    this.form = part("taps", HTMLFormElement);
    this.send = part("send", HTMLButtonElement);
    this.undo = part("undo", HTMLButtonElement);
    /** @type {HTMLCanvasElement | undefined} */
    this.picture = undefined;
    /** @type {Place[]} */
    this.places = [];
    /** @type {Place | undefined} where the finger or the keys are */
    this.at = undefined;
    part("file", HTMLInputElement).onchange = ({ target }) => this.open(/** @type {HTMLInputElement} */ (target).files?.[0]);
    this.undo.onclick = () => this.back();
    this.canvas.onpointerdown = (event) => this.aim(event);
    this.canvas.onpointermove = (event) => event.buttons && this.aim(event);
    this.canvas.onpointerup = () => this.set();
    this.canvas.onpointercancel = () => this.look(undefined);
    this.canvas.onkeydown = (event) => this.key(event);
    this.form.onsubmit = (event) => this.fill(event);
    part("choose", HTMLElement).hidden = false;
  }

  /** @param {File | undefined} file */
  async open(file) {
    if (!file) return;
    let picture;
    try {
      picture = await createImageBitmap(file);
    } catch {
      this.say.textContent = "This file cannot be shown as a photo. Choose a JPEG or PNG.";
      return;
    }
    const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
    this.picture = document.createElement("canvas");
    this.picture.width = Math.round(picture.width * scale);
    this.picture.height = Math.round(picture.height * scale);
    this.picture.getContext("2d")?.drawImage(picture, 0, 0, this.picture.width, this.picture.height);
    picture.close();
    this.canvas.width = this.picture.width;
    this.canvas.height = this.picture.height;
    this.places = [];
    part("stage", HTMLElement).hidden = false;
    part("how", HTMLElement).hidden = true; // each place is asked for by name now
    part("pick", HTMLElement).className = "button second file";
    this.tell();
    this.canvas.focus({ preventScroll: true });
    this.say.scrollIntoView({ block: "start" });
  }

  /** Pixels of the photo in one pixel of the screen. */
  get scale() {
    return this.canvas.width / Math.max(1, this.canvas.getBoundingClientRect().width);
  }

  /** @param {PointerEvent} event */
  aim(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const box = this.canvas.getBoundingClientRect();
    this.look({ x: (event.clientX - box.left) * this.scale, y: (event.clientY - box.top) * this.scale });
  }

  /** @param {Place | undefined} at */
  look(at) {
    this.at = at && {
      x: Math.min(Math.max(at.x, 0), this.canvas.width - 1),
      y: Math.min(Math.max(at.y, 0), this.canvas.height - 1),
    };
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const far = (event.shiftKey ? 10 : 1) * STEP_PX * this.scale;
    /** @type {Record<string, [number, number]>} */
    const ways = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
    const way = ways[event.key];
    if (way) {
      const at = this.at ?? { x: this.canvas.width / 2, y: this.canvas.height / 2 };
      this.look({ x: at.x + way[0], y: at.y + way[1] });
    } else if (event.key === "Enter" || event.key === " ") this.set();
    else return;
    event.preventDefault();
  }

  set() {
    if (!this.at || this.places.length >= this.rounds * 3) return;
    this.places.push(this.at);
    this.at = undefined;
    this.tell();
  }

  back() {
    this.places.pop();
    this.tell();
  }

  tell() {
    const done = this.places.length;
    const round = Math.floor(done / 3) + 1;
    const all = done >= this.rounds * 3;
    this.say.textContent = all ? "That is all. Look at the places once more, then go on."
      : `Round ${round} of ${this.rounds}: tap ${PLACES[done % 3]}.`;
    this.send.disabled = !all;
    this.undo.disabled = done === 0;
    this.draw();
  }

  draw() {
    const pen = this.canvas.getContext("2d");
    if (!pen || !this.picture) return;
    pen.drawImage(this.picture, 0, 0);
    const now = this.places.slice(3 * Math.floor((this.places.length - 1) / 3));
    for (const place of now) this.mark(pen, place, "#ffd166");
    if (now.length === 3) this.join(pen, now);
    if (!this.at) return;
    this.mark(pen, this.at, "#ffffff");
    this.loupe(pen, this.at);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Place} at @param {string} colour */
  mark(pen, { x, y }, colour) {
    const r = 9 * this.scale;
    for (const [width, stroke] of /** @type {[number, string][]} */ ([[5, "#0c0f10"], [2.4, colour]])) {
      pen.lineWidth = width * this.scale;
      pen.strokeStyle = stroke;
      pen.beginPath();
      pen.arc(x, y, r, 0, 7);
      pen.moveTo(x - r / 3, y);
      pen.lineTo(x + r / 3, y);
      pen.moveTo(x, y - r / 3);
      pen.lineTo(x, y + r / 3);
      pen.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {Place[]} places */
  join(pen, places) {
    const [heel, ball, top] = places;
    if (!heel || !ball || !top) return;
    pen.lineWidth = 2 * this.scale;
    pen.strokeStyle = "#ffd166";
    pen.beginPath();
    pen.moveTo(heel.x, heel.y);
    pen.lineTo(top.x, top.y);
    pen.lineTo(ball.x, ball.y);
    pen.closePath();
    pen.stroke();
  }

  /** What lies under the finger, larger, where the finger does not hide it. @param {CanvasRenderingContext2D} pen @param {Place} at */
  loupe(pen, at) {
    if (!this.picture) return;
    const size = LOUPE_PX * this.scale;
    const from = size / ZOOM;
    const margin = NEAR_PX * this.scale;
    const left = at.x < this.canvas.width / 2 ? this.canvas.width - size - margin / 2 : margin / 2;
    pen.save();
    pen.beginPath();
    pen.arc(left + size / 2, margin / 2 + size / 2, size / 2, 0, 7);
    pen.lineWidth = 4 * this.scale;
    pen.strokeStyle = "#ffffff";
    pen.stroke();
    pen.clip();
    pen.fillStyle = "#0c0f10";
    pen.fillRect(left, margin / 2, size, size);
    pen.drawImage(this.picture, at.x - from / 2, at.y - from / 2, from, from, left, margin / 2, size, size);
    pen.restore();
    this.mark(pen, { x: left + size / 2, y: margin / 2 + size / 2 }, "#ffffff");
  }

  /** @param {SubmitEvent} event */
  fill(event) {
    if (this.places.length < this.rounds * 3) {
      event.preventDefault();
      return;
    }
    for (const old of this.form.querySelectorAll("input[name=taps]")) old.remove();
    for (let i = 0; i < this.places.length; i += 3) {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = "taps";
      input.value = this.places.slice(i, i + 3).map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(",");
      this.form.append(input);
    }
  }
}

new Photo();
