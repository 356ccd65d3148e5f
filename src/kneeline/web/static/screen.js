// What stands on the live page: count, tempo, verdict, caption. It shows what it is told and decides nothing.

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").Reading} Reading */
/** @typedef {import("./types.js").Verdict} Verdict */

/** @type {Record<Verdict, string>} */
const WORDS = { good: "good", try_again: "try again", not_seen: "not seen" };
const LIGHT = { green: "I see you", amber: "Almost", red: "Not seen" };
const PHASES = { rest: "", lift: "up", hold: "hold", lower: "down" };
/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function part(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

export class Board {
  /** @param {[number, number, number]} tempo @param {"lift" | "lower"} outward */
  constructor(tempo, outward) {
    this.tempo = tempo;
    this.outward = outward;
    this.root = part("main", HTMLElement);
    this.parts = {
      count: part("count", HTMLElement), of: part("of", HTMLElement), last: part("last", HTMLElement),
      lastWords: part("last-words", HTMLElement), dots: part("dots", HTMLOListElement),
      caption: part("caption", HTMLElement), light: part("light", HTMLElement),
      lightWords: part("light-words", HTMLElement), reading: part("reading", HTMLElement), pace: part("pace", HTMLElement),
      tempo: part("tempo", HTMLElement), fill: part("tempo-fill", HTMLElement), mark: part("tempo-mark", HTMLElement),
      tempoWords: part("tempo-words", HTMLElement),
    };
    /** @type {Verdict[]} */
    this.verdicts = [];
    this.counted = 0;
    this.state = "welcome";
    this.phase_ms = 0;
    this.lasts_ms = 0;
    const draw = () => {
      this.drawTempo();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  /** @param {Screen} screen */
  show(screen) {
    const { parts } = this;
    this.enter(screen.state);
    if (screen.state !== "countdown") parts.count.textContent = String(screen.count);
    parts.of.textContent = `of ${screen.target}`;
    this.remember(screen);
    parts.last.dataset.last = screen.last ?? "";
    parts.lastWords.textContent = screen.last ? WORDS[screen.last] : "";
    const caption = screen.state === "countdown" ? "Get ready." : screen.caption;
    if (parts.caption.textContent !== caption) parts.caption.textContent = caption;
    this.root.dataset.light = screen.light;
    parts.light.dataset.light = screen.light;
    parts.lightWords.textContent = LIGHT[screen.light];
    if (parts.tempo.dataset.phase !== screen.phase) {
      parts.tempo.dataset.phase = screen.phase;
      parts.tempoWords.textContent = PHASES[screen.phase];
      this.phase_ms = performance.now();
      this.lasts_ms = screen.phase_lasts_s * 1000;
    }
    if (screen.state !== "set") this.read({ t_s: 0, progress: null }, false);
  }

  /**
   * Say it where too few pictures are seen.
   * @param {number} per_s
   * @param {number} enough_per_s
   */
  pace(per_s, enough_per_s) {
    const { pace } = this.parts;
    pace.hidden = per_s >= enough_per_s;
    if (!pace.hidden) pace.textContent = `Only ${Math.round(per_s)} pictures a second: quick faults may be missed`;
  }

  /** @param {string} state */
  enter(state) {
    this.state = state;
    this.root.dataset.state = state;
  }

  /** @param {number} n */
  countDown(n) {
    this.parts.count.textContent = String(n);
  }

  /** @param {Screen} screen */
  remember(screen) {
    const { dots } = this.parts;
    while (this.counted < screen.count) {
      this.counted += 1;
      this.verdicts.push(this.counted === screen.count && screen.last ? screen.last : "not_seen");
    }
    while (dots.children.length < screen.target) dots.append(document.createElement("li"));
    [...dots.children].forEach((dot, i) => {
      const verdict = this.verdicts[i];
      if (!verdict || dot.className === verdict) return;
      dot.className = verdict;
      dot.setAttribute("aria-label", `${i + 1}: ${WORDS[verdict]}`);
    });
  }

  /** A set anew: nothing of the one before stays. */
  clear() {
    this.verdicts = [];
    this.counted = 0;
    this.parts.dots.replaceChildren();
    this.parts.caption.textContent = "";
  }

  /**
   * @param {Reading} reading
   * @param {boolean} [during] whether a set is running, so that a missing reading has to be said
   */
  read(reading, during = true) {
    const { tempo, mark, reading: words } = this.parts;
    words.hidden = !(during && reading.progress === null);
    if (reading.progress === null) delete tempo.dataset.reading;
    else {
      tempo.dataset.reading = "";
      mark.style.left = `${Math.min(Math.max(reading.progress, 0), 1) * 98.5}%`;
    }
  }

  drawTempo() {
    const { tempo, fill } = this.parts;
    const phase = tempo.dataset.phase ?? "rest";
    const done = this.lasts_ms > 0 ? Math.min((performance.now() - this.phase_ms) / this.lasts_ms, 1) : 0;
    const back = phase !== "hold" && phase !== "rest" && phase !== this.outward;
    const share = phase === "rest" ? 0 : phase === "hold" ? 1 : back ? 1 - done : done;
    fill.style.width = `${100 * share}%`;
    fill.style.opacity = phase === "hold" ? String(1 - 0.55 * done) : "1";
  }
}
