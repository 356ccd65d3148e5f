// The page of a movement test: a beat where its protocol has one, its clock, and on to the result.
import { Live } from "./attend.js";
import { Board } from "./screen.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").Instruction} Instruction */
/** @typedef {import("./attend.js").Setup & {path: string, after: string, unit: string, clicks: number}} Setup */

/** Until the last words are said. */
const LAST_WORDS_MS = 1800;

class TrialBoard extends Board {
  /** @param {string} unit */
  constructor(unit) {
    super([0, 0, 0], "lift");
    this.unit = unit;
  }

  /** @param {Screen} screen */
  show(screen) {
    super.show(screen);
    const { of, tempoWords } = this.parts;
    of.textContent = screen.target ? `of ${screen.target}${this.unit && ` ${this.unit}`}` : "";
    tempoWords.textContent = screen.phase_lasts_s > 0 ? "time" : "";
  }

  /** Nothing is judged in a test, so there is nothing to remember of each repetition. */
  remember() {}
}

/** @extends {Live<Setup>} */
class Trial extends Live {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  beating = undefined;

  makeBoard() {
    return new TrialBoard(this.setup.unit);
  }

  path() {
    return this.setup.path;
  }

  /** @param {Instruction} told */
  obey(told) {
    super.obey(told);
    if (told.screen) this.beat(told.screen.state === "set");
  }

  /** @param {boolean} on */
  beat(on) {
    if (on === (this.beating !== undefined) || !this.setup.clicks) return;
    clearInterval(this.beating);
    const click = () => this.sound.tone({ t_s: 0, name: "tick", lasts_s: 0 });
    this.beating = on ? setInterval(click, 60_000 / this.setup.clicks) : undefined;
  }

  async after() {
    this.beat(false);
    this.camera.stop();
    if (!this.stopped) await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
    location.href = this.setup.after;
  }
}

new Trial();
