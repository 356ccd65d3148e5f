// Finds the person in each picture. Runs beside the page so that light and sound never wait for it.
import { PoseLandmarker } from "./vendor/tasks-vision/vision_bundle.mjs";
import ModuleFactory from "./vendor/tasks-vision/vision_wasm_module_internal.js";

const WASM = new URL("./vendor/tasks-vision/vision_wasm_module_internal.wasm", import.meta.url).href;
// Counting the people in a picture takes twice as long as following one. The coach believes two looks in 1.5 s.
const LOOK_EVERY_S = 0.6;
const KEYPOINTS = 33;
// In VIDEO mode the runtime smooths what it finds, as strongly as little time has passed; the engine does its own
// filtering and its errors are calibrated on unsmoothed points. Told that much more time passes, it does not smooth.
const STRETCH = 1e4;

/** @type {PoseLandmarker | undefined} */
let follower;
/** @type {PoseLandmarker | undefined} */
let onlooker;
let look_next_s = 0;
let people = -1;
let last_ms = 0;

/**
 * @param {number} numPoses
 * @param {Uint8Array} model
 */
function landmarker(numPoses, model) {
  // The bundle takes the runtime from this global and clears it; its own loading works once per worker only.
  Object.assign(globalThis, { ModuleFactory });
  const files = { wasmLoaderPath: "", wasmBinaryPath: WASM };
  const baseOptions = { modelAssetBuffer: model, delegate: /** @type {const} */ ("CPU") };
  return PoseLandmarker.createFromOptions(files, { baseOptions, runningMode: "VIDEO", numPoses });
}

/** @param {string} address */
async function open(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the pose model did not come: ${response.status}`);
  const model = new Uint8Array(await response.arrayBuffer());
  follower = await landmarker(1, model);
  postMessage({ ready: true });
  onlooker = await landmarker(2, model);
}

/**
 * @param {ImageBitmap} picture
 * @param {number} t_s
 */
function find(picture, t_s) {
  if (!follower) return;
  const { width, height } = picture;
  last_ms = Math.max(last_ms + 1, Math.round(t_s * 1000 * STRETCH));
  const found = follower.detectForVideo(picture, last_ms).landmarks[0];
  const points = new Float32Array(KEYPOINTS * 3).fill(NaN);
  found?.forEach((point, i) => points.set([point.x * width, point.y * height, point.visibility], i * 3));
  postMessage({ pose: { t_s, width, height, people, points } }, { transfer: [points.buffer] });
  people = -1;
  if (onlooker && t_s >= look_next_s) {
    people = onlooker.detectForVideo(picture, last_ms).landmarks.length;
    look_next_s = t_s + LOOK_EVERY_S;
  }
}

addEventListener("message", ({ data }) => {
  if (data.model) open(data.model).catch((error) => postMessage({ failed: String(error?.message ?? error) }));
  else if (data.picture) {
    try {
      find(data.picture, data.t_s);
    } finally {
      data.picture.close();
      postMessage({ free: true });
    }
  }
});
