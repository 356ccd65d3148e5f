// The page of a set: what it does beyond attending to the person: the panel after it, the rest, and the next set.
import { Live } from "./attend.js";
import { rest } from "./rest.js";
import { part } from "./screen.js";

/** @typedef {import("./attend.js").Setup & {set_id: string, turn: string, reps: number}} Setup */

/** @extends {Live<Setup>} */
class Coach extends Live {
  path() {
    return `/live/${this.setup.set_id}`;
  }

  async after() {
    const panel = part("after", HTMLElement);
    const response = await fetch(`/sets/${this.setup.set_id}?part=true&stopped=${this.stopped}`);
    // The answer is our own page, rendered and escaped by the server.
    panel.replaceChildren(...parse(await response.text()));
    panel.hidden = false;
    panel.tabIndex = -1;
    panel.focus();
    if (panel.querySelector("#next")) return this.rest(panel);
    this.camera.stop();
    if (!this.stopped) this.tell("all_done");
    return undefined;
  }

  /** Say one of the few things that are said between sets. @param {string} line */
  tell(line) {
    this.sound.say({ t_s: 0, id: line, text: this.setup.lines[line] ?? "", kind: "setup" });
  }

  /** @param {HTMLElement} panel */
  rest(panel) {
    const swap = panel.querySelector("#next")?.getAttribute("data-swap") === "1";
    this.tell(swap ? "swap_sides" : "rest");
    rest(this.sound, (form) => this.goOn(form));
  }

  /** @param {HTMLFormElement} form */
  async goOn(form) {
    const response = await fetch(form.action, { method: "POST", headers: { accept: "application/json" } });
    if (response.redirected || !response.ok) {
      location.href = response.redirected ? response.url : "/";
      return;
    }
    this.setup = await response.json();
    history.replaceState(null, "", `/live/${this.setup.set_id}`);
    part("turn", HTMLElement).textContent = this.setup.turn;
    part("by-hand", HTMLAnchorElement).href = `/count/${this.setup.set_id}`;
    part("after", HTMLElement).hidden = true;
    this.board.clear();
    this.tell("rest_over");
    this.over = false;
    this.connect();
  }
}

/** @param {string} html */
function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body.childNodes;
}

new Coach();
