// The set without a camera: a metronome says up, hold and down; the person counts, or follows its count.
import { part } from "./screen.js";
import { Sound } from "./sound.js";

const WORDS = { lift: "up", hold: "hold", lower: "down", rest: "rest" };
const TONES = { lift: "rise", hold: "hold", lower: "fall", rest: "" };
const REST_S = 1;
const READY_S = 3;

/** @typedef {"lift" | "hold" | "lower" | "rest"} Phase */

class Metronome {
  constructor() {
    const root = part("metronome", HTMLElement);
    this.root = root;
    /** @type {import("./live.js").Setup} */
    this.setup = JSON.parse(root.dataset.setup ?? "{}");
    this.sound = new Sound(this.setup.voice, this.setup.clips, this.setup.volume);
    this.words = part("beat-words", HTMLElement);
    this.bar = part("tempo", HTMLElement);
    this.fill = part("tempo-fill", HTMLElement);
    this.label = part("tempo-words", HTMLElement);
    this.button = part("beat", HTMLButtonElement);
    this.reps = part("reps", HTMLInputElement);
    this.running = 0;
    this.button.onclick = () => (this.running ? this.stop() : this.run());
    for (const [id, step] of /** @type {[string, number][]} */ ([["fewer", -1], ["one-more", 1]])) {
      const button = part(id, HTMLButtonElement);
      button.hidden = false;
      button.onclick = () => this.count(step);
    }
    part("beat-act", HTMLElement).hidden = false;
    this.bar.hidden = false;
  }

  /** @param {number} step */
  count(step) {
    this.reps.value = String(Math.max(0, Number(this.reps.value) + step));
  }

  stop() {
    this.running = 0;
    delete this.root.dataset.running;
    this.sound.hush();
    this.button.textContent = "Start the metronome";
    this.show("rest", 0);
  }

  async run() {
    const mine = performance.now();
    this.running = mine;
    this.root.dataset.running = "";
    this.button.textContent = "Stop the metronome";
    await this.sound.wake();
    for (let n = READY_S; n > 0 && this.running === mine; n--) {
      this.words.textContent = String(n);
      this.sound.tone({ t_s: 0, name: "tick", lasts_s: 0 });
      await this.wait(1, mine);
    }
    const [lift_s, hold_s, lower_s] = this.setup.tempo;
    /** @type {[Phase, number][]} */
    const there = [["lift", lift_s], ["hold", hold_s], ["lower", lower_s]];
    const course = this.setup.outward === "lift" ? there : [...there].reverse();
    while (this.running === mine && Number(this.reps.value) < this.setup.reps) {
      for (const [phase, lasts_s] of /** @type {[Phase, number][]} */ ([...course, ["rest", REST_S]])) {
        if (this.running !== mine) return;
        if (phase === "rest") this.tell();
        await this.beat(phase, lasts_s, mine);
      }
    }
    if (this.running !== mine) return;
    this.sound.tone({ t_s: 0, name: "end", lasts_s: 0 });
    this.stop();
    this.words.textContent = "That was the set.";
  }

  tell() {
    this.count(1);
    const n = Number(this.reps.value);
    this.words.textContent = String(n);
    this.sound.say({ t_s: 0, id: `count_${n}`, text: String(n), kind: "count" });
  }

  /** @param {Phase} phase @param {number} lasts_s @param {number} mine */
  async beat(phase, lasts_s, mine) {
    if (TONES[phase]) this.sound.tone({ t_s: 0, name: TONES[phase], lasts_s });
    const began_ms = performance.now();
    const draw = () => {
      const done = (performance.now() - began_ms) / 1000 / lasts_s;
      if (this.running !== mine || done >= 1) return;
      this.show(phase, done);
      requestAnimationFrame(draw);
    };
    draw();
    await this.wait(lasts_s, mine);
  }

  /** @param {Phase} phase @param {number} done 0..1 */
  show(phase, done) {
    this.bar.dataset.phase = phase;
    this.label.textContent = phase === "rest" ? "" : WORDS[phase];
    const back = phase !== this.setup.outward && phase !== "hold";
    const share = phase === "rest" ? 0 : phase === "hold" ? 1 : back ? 1 - done : done;
    this.fill.style.width = `${100 * share}%`;
  }

  /** @param {number} seconds @param {number} mine */
  wait(seconds, mine) {
    return new Promise((resolve) => setTimeout(resolve, this.running === mine ? 1000 * seconds : 0));
  }
}

new Metronome();
