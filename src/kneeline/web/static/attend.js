// A live page: camera to worker to server, and what comes back to screen and sound. What is watched is up to its kinds.
import { Camera, NoCamera } from "./camera.js";
import { Board, part } from "./screen.js";
import { drawSkeleton } from "./skeleton.js";
import { Line } from "./socket.js";
import { Sound } from "./sound.js";

/** @typedef {import("./types.js").Instruction} Instruction */
/** @typedef {import("./types.js").Pose} Pose */
/**
 * @typedef {{tempo: [number, number, number], outward: "lift" | "lower", model: string, clips: string,
 *   voice: import("./sound.js").Voice, volume: number, lines: Record<string, string>}} Setup
 */

const STALE_MS = 500;
/** With fewer pictures a second, quick faults of tempo cannot be told, and the page says so. House default. */
const ENOUGH_PER_S = 10;
const PACE = 0.05;
const CUT = "The line to kneeline is cut. The count is kept.";
const ENDING = "Stop here. The set ends as soon as the line to kneeline is back.";

/** @type {Record<string, [string, string]>} title and words, by why there is no camera */
const TROUBLE = {
  refused: ["The camera is not allowed.", "Allow it for this page in the browser's address bar, then try again."],
  none: ["No camera was found.", "Plug one in, or use a device that has one, then try again."],
  busy: ["The camera is taken.", "Another program may use it. Close that, then try again."],
  gone: ["The camera went away.", "Plug it in again, then try again. The set goes on where it was."],
  insecure: ["This address gives no camera.", "Browsers give it only to localhost and to https addresses."],
  model: ["The pose model did not load.", "Load the page again. If that does not help, run: kneeline doctor."],
  taken: ["This set goes on in another window.", "Close one of them, then try again here."],
};

/** @template {Setup} S */
export class Live {
  constructor() {
    this.root = part("main", HTMLElement);
    /** @type {S} */
    this.setup = JSON.parse(this.root.dataset.setup ?? "{}");
    this.board = this.makeBoard();
    this.sound = new Sound(this.setup.voice, this.setup.clips, this.setup.volume);
    this.camera = new Camera(part("video", HTMLVideoElement), (pose) => this.see(pose), (gone) => this.trouble(gone.why));
    /** @type {Line | undefined} */
    this.line = undefined;
    /** @type {Promise<void> | undefined} */
    this.model = undefined;
    this.canvas = part("skeleton", HTMLCanvasElement);
    this.seen_ms = 0;
    this.step_ms = 60;
    this.over = false;
    this.stopped = false;
    this.load();
    this.buttons();
    setInterval(() => this.tick(), STALE_MS / 2);
    document.addEventListener("visibilitychange", () => this.tick());
  }

  /** @returns {Board} */
  makeBoard() {
    return new Board(this.setup.tempo, this.setup.outward);
  }

  /** Where the line is that belongs to this page. @returns {string} */
  path() {
    return location.pathname;
  }

  /** All is over and on disk. */
  async after() {}

  load() {
    this.model = this.camera.load(this.setup.model);
    this.model.catch(() => {}); // told when the camera is asked for
  }

  buttons() {
    /** @type {["stop" | "pause" | "finish" | "less" | "more", string][]} */
    const words = [["stop", "stop"], ["finish", "finish"], ["less", "less"], ["more", "more"]];
    for (const [word, id] of words) part(id, HTMLButtonElement).onclick = () => this.say(word);
    part("begin", HTMLButtonElement).onclick = () => this.say("start");
    part("pause", HTMLButtonElement).onclick = () => this.say(this.board.state === "paused" ? "resume" : "pause");
    const mute = part("mute", HTMLButtonElement);
    mute.onclick = () => {
      const muted = mute.getAttribute("aria-pressed") !== "true";
      mute.setAttribute("aria-pressed", String(muted));
      this.sound.mute(muted);
    };
    const camera = part("camera", HTMLButtonElement);
    camera.onclick = () => this.begin();
    camera.disabled = false; // it waits for this script
    part("again", HTMLButtonElement).onclick = () => this.begin();
  }

  /** @param {"start" | "stop" | "pause" | "resume" | "finish" | "less" | "more"} word */
  say(word) {
    this.sound.wake();
    if (word === "stop") this.sound.hush();
    if (this.line?.word(word) === false && (word === "stop" || word === "finish")) this.board.parts.caption.textContent = ENDING;
  }

  async begin() {
    part("welcome", HTMLElement).hidden = true;
    part("trouble", HTMLElement).hidden = true;
    this.root.focus(); // the button that had it is gone
    if (this.board.state === "welcome") this.board.enter("loading");
    this.board.parts.caption.textContent = "Getting ready ...";
    this.sound.wake();
    this.stayAwake();
    try {
      await this.camera.start();
      await this.model;
    } catch (problem) {
      this.camera.stop();
      if (problem instanceof NoCamera && problem.why === "model") this.load();
      this.trouble(problem instanceof NoCamera ? problem.why : "busy");
      return;
    }
    if (!this.line) this.connect();
  }

  connect() {
    this.line = new Line(this.path(), (told) => this.obey(told), (state, words) => this.hear(state, words));
  }

  /** @param {Pose} pose */
  see(pose) {
    const now_ms = performance.now();
    if (this.seen_ms) this.step_ms += PACE * (Math.min(now_ms - this.seen_ms, 1000) - this.step_ms);
    this.seen_ms = now_ms;
    this.board.pace(1000 / this.step_ms, ENOUGH_PER_S);
    drawSkeleton(this.canvas, pose);
    this.line?.pose(pose);
  }

  /** Without pictures the server has to be told that time passes. */
  tick() {
    if (!this.line || this.over || performance.now() - this.seen_ms < STALE_MS) return;
    drawSkeleton(this.canvas, undefined);
    this.line.word("tick");
  }

  /** @param {Instruction} told */
  obey(told) {
    if (told.screen) this.board.show(told.screen);
    if (told.reading) this.board.read(told.reading);
    if (told.tone) this.sound.tone(told.tone);
    if (told.say) {
      this.sound.say(told.say);
      if (told.say.kind === "safety") this.stopped = true;
      if (this.board.state === "countdown" && told.say.id.startsWith("count_")) this.board.countDown(Number(told.say.text));
    }
    if (told.trouble) this.board.parts.caption.textContent = told.trouble;
    if (told.over) this.finish();
  }

  /**
   * @param {"open" | "cut" | "refused" | "taken"} state
   * @param {string} words
   */
  hear(state, words) {
    if (this.over) return;
    const ending = this.line?.ending !== undefined;
    if (state === "cut") this.board.parts.caption.textContent = ending ? ENDING : CUT;
    if (state === "taken") this.stop("taken");
    if (state === "refused") this.stop("refused-line", words);
  }

  /** @param {string} why @param {string} [words] */
  stop(why, words) {
    this.line?.close();
    this.line = undefined;
    this.camera.stop();
    this.trouble(why, words);
  }

  /** @param {string} why @param {string} [words] */
  trouble(why, words) {
    const [title, help] = TROUBLE[why] ?? ["That did not work.", words ?? "Load the page again."];
    part("trouble-title", HTMLElement).textContent = title;
    part("trouble-words", HTMLElement).textContent = help;
    part("trouble", HTMLElement).hidden = false;
    part("again", HTMLButtonElement).focus();
    this.sound.tone({ t_s: 0, name: "pause", lasts_s: 0 });
    drawSkeleton(this.canvas, undefined);
  }

  /** A screen that goes dark in the middle of a set is of no use; not every device allows this. */
  async stayAwake() {
    try {
      await navigator.wakeLock?.request("screen");
    } catch {
      // the set works without it
    }
  }

  finish() {
    this.over = true;
    this.line?.close();
    this.line = undefined;
    this.after();
  }
}
