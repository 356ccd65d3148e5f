// One line to the server for one set: keypoints out, instructions in. It comes back by itself when it was cut.

/** @typedef {import("./types.js").Pose} Pose */
/** @typedef {import("./types.js").Instruction} Instruction */

const HEADER_BYTES = 20;
const VERSION = 1;
const NOBODY_LOOKED = 255;
const REFUSED = 1008;
const TAKEN_OVER = 4001;
const FULL_BYTES = 4 * 416;
const SOON_MS = 250;
const LATE_MS = 3000;

/**
 * A pose as the server reads it: see kneeline.web.wire.
 * @param {Pose} pose
 * @param {number} seq
 */
export function encode(pose, seq) {
  const bytes = new ArrayBuffer(HEADER_BYTES + pose.points.byteLength);
  const view = new DataView(bytes);
  view.setUint8(0, VERSION);
  view.setUint8(1, pose.people < 0 ? NOBODY_LOOKED : Math.min(pose.people, 20));
  view.setUint16(2, pose.width, true);
  view.setUint16(4, pose.height, true);
  view.setUint16(6, 0, true);
  view.setUint32(8, seq, true);
  view.setFloat64(12, pose.t_s, true);
  pose.points.forEach((value, i) => view.setFloat32(HEADER_BYTES + 4 * i, value, true));
  return bytes;
}

export class Line {
  /**
   * @param {string} path
   * @param {(instruction: Instruction) => void} onInstruction
   * @param {(state: "open" | "cut" | "refused" | "taken", words: string) => void} onState
   */
  constructor(path, onInstruction, onState) {
    this.address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.onInstruction = onInstruction;
    this.onState = onState;
    this.seq = 0;
    this.tries = 0;
    this.closed = false;
    /** @type {Pose | undefined} */
    this.newest = undefined;
    /** What ended the set while the line was cut; it is the first thing that is said when the line is back.
     * @type {"stop" | "finish" | undefined} */
    this.ending = undefined;
    /** @type {WebSocket | undefined} */
    this.socket = undefined;
    this.open();
  }

  open() {
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.onState("open", "");
      if (this.ending) this.word(this.ending);
    };
    socket.onmessage = ({ data }) => {
      for (const instruction of /** @type {Instruction[]} */ (JSON.parse(data))) this.onInstruction(instruction);
    };
    socket.onclose = ({ code, reason }) => {
      if (this.closed) return;
      if (code === REFUSED) return this.onState("refused", reason);
      if (code === TAKEN_OVER) return this.onState("taken", reason);
      this.onState("cut", "");
      const wait_ms = Math.min(SOON_MS * 2 ** this.tries++, LATE_MS);
      setTimeout(() => this.closed || this.open(), wait_ms);
    };
  }

  /**
   * Send the newest pose; where the line is slow, older ones that were not sent yet are dropped.
   * @param {Pose} pose
   */
  pose(pose) {
    this.newest = pose;
    if (this.socket?.readyState !== WebSocket.OPEN || this.ending) return;
    if (this.socket.bufferedAmount > FULL_BYTES) return;
    this.socket.send(encode(this.newest, this.seq++));
    this.newest = undefined;
  }

  /** @param {"tick"|"pause"|"resume"|"start"|"finish"|"stop"|"more"|"less"} what */
  word(what) {
    if (what === "stop" || (what === "finish" && !this.ending)) this.ending = what;
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    if (this.newest) this.pose(this.newest);
    this.socket.send(JSON.stringify({ do: what, t_s: performance.now() / 1000 }));
    return true;
  }

  close() {
    this.closed = true;
    this.socket?.close();
  }
}
