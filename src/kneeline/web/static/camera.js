// The camera and the worker that finds the person in its pictures. Pictures go to the worker and nowhere else.

/** @typedef {import("./types.js").Pose} Pose */

/** Why there are no pictures: the person said no, there is no camera, it is taken, or it went away. */
export class NoCamera extends Error {
  /** @param {"refused"|"none"|"busy"|"gone"|"model"|"insecure"} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** @type {Record<string, "refused"|"none"|"busy">} */
const REASONS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

export class Camera {
  /**
   * @param {HTMLVideoElement} video
   * @param {(pose: Pose) => void} onPose
   * @param {(problem: NoCamera) => void} onLost
   */
  constructor(video, onPose, onLost) {
    this.video = video;
    this.onPose = onPose;
    this.onLost = onLost;
    this.busy = true; // until the model is there
    this.waiting = false;
    this.taken_s = 0;
    /** @type {MediaStream | undefined} */
    this.stream = undefined;
    /** @type {Worker | undefined} */
    this.worker = undefined;
  }

  /**
   * Load the pose model; may be called before the person allows the camera.
   * @param {string} model
   * @returns {Promise<void>}
   */
  load(model) {
    const worker = new Worker(new URL("./pose-worker.js", import.meta.url), { type: "module" });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      worker.onerror = () => reject(new NoCamera("model"));
      worker.onmessage = ({ data }) => {
        if (data.pose) this.onPose(data.pose);
        if (data.failed) reject(new NoCamera("model"));
        if (data.ready) resolve();
        if (data.ready || data.free) this.next();
      };
      worker.postMessage({ model });
    });
  }

  /** Ask for the camera and show it. */
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera("insecure");
    const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, facingMode: "user" };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      throw new NoCamera(REASONS[/** @type {DOMException} */ (error).name] ?? "busy");
    }
    for (const track of this.stream.getVideoTracks()) {
      track.addEventListener("ended", () => this.lost());
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    this.listen();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
    this.video.srcObject = null;
  }

  lost() {
    if (!this.stream) return;
    this.stop();
    this.onLost(new NoCamera("gone"));
  }

  listen() {
    this.video.requestVideoFrameCallback((now_ms, picture) => {
      if (!this.stream) return;
      this.taken_s = (picture.captureTime ?? now_ms) / 1000;
      if (this.busy) this.waiting = true;
      else this.send();
      this.listen();
    });
  }

  async send() {
    this.busy = true;
    this.waiting = false;
    const t_s = this.taken_s;
    try {
      const picture = await createImageBitmap(this.video);
      this.worker?.postMessage({ picture, t_s }, [picture]);
    } catch {
      this.busy = false;
    }
  }

  /** The worker is free for the picture that came in the meantime, or for the next one. */
  next() {
    this.busy = false;
    if (this.waiting && this.stream) this.send();
  }
}
