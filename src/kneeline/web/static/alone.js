// Helps to do a test alone: a watch, a counter with a clock or a beat, or a timer. The form works without it.
import { part } from "./screen.js";
import { Sound } from "./sound.js";

const READY_S = 3;

class Helper {
  constructor() {
    const root = part("helper", HTMLElement);
    this.kind = root.dataset.kind ?? "";
    this.within_s = Number(root.dataset.within) || (this.kind === "timer" ? 30 : 0);
    this.clicks = Number(root.dataset.clicks);
    this.sound = new Sound("off", "/static/voice/", Number(root.dataset.volume));
    this.clock = part("clock", HTMLElement);
    this.go = part("go", HTMLButtonElement);
    this.one = part("one", HTMLButtonElement);
    this.value = part("value", HTMLInputElement);
    /** @type {ReturnType<typeof setInterval>[]} */
    this.ticking = [];
    this.began_ms = 0;
    this.go.onclick = () => (this.ticking.length ? this.stop() : this.start());
    this.one.onclick = () => this.count();
    this.one.hidden = this.kind !== "counter";
    root.hidden = false;
  }

  start() {
    this.sound.wake();
    this.began_ms = performance.now() + READY_S * 1000;
    if (this.kind === "counter") this.value.value = "0";
    this.go.textContent = "Stop";
    let told = READY_S + 1;
    const look = () => {
      const s = (performance.now() - this.began_ms) / 1000;
      if (s < 0) {
        const left = Math.ceil(-s);
        if (left < told) this.tone("tick");
        told = Math.min(told, left);
        this.clock.textContent = String(left);
        return;
      }
      if (told) {
        told = 0;
        this.tone("go");
        if (this.clicks) this.ticking.push(setInterval(() => this.tone("tick"), 60_000 / this.clicks));
      }
      this.clock.textContent = `${(this.within_s ? Math.min(s, this.within_s) : s).toFixed(this.kind === "watch" ? 1 : 0)} s`;
      if (this.within_s && s >= this.within_s) this.stop();
    };
    this.ticking = [setInterval(look, 50)];
  }

  stop() {
    const s = Math.max(0, (performance.now() - this.began_ms) / 1000);
    for (const one of this.ticking) clearInterval(one);
    this.ticking = [];
    this.go.textContent = "Start again";
    this.tone("end");
    if (this.kind === "watch") this.value.value = (this.within_s ? Math.min(s, this.within_s) : s).toFixed(1);
    this.value.focus();
  }

  count() {
    this.value.value = String((Number(this.value.value) || 0) + 1);
    this.tone("seen");
  }

  /** @param {string} name */
  tone(name) {
    this.sound.tone({ t_s: 0, name, lasts_s: 0 });
  }
}

new Helper();
