// The lines of a body on a canvas.

/** @typedef {import("./types.js").Pose} Pose */

/** Bones by the number of their keypoints: trunk, arms, legs, feet. */
const BONES = [
  [11, 12], [23, 24], [11, 23], [12, 24], [11, 13], [13, 15], [12, 14], [14, 16],
  [23, 25], [25, 27], [24, 26], [26, 28], [27, 29], [29, 31], [27, 31], [28, 30], [30, 32], [28, 32],
];
const SURE = 0.5;

/**
 * Draw a pose over what was there; nothing where there is none.
 * @param {HTMLCanvasElement} canvas
 * @param {Pose | undefined} pose
 */
export function drawSkeleton(canvas, pose) {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  if (pose && (canvas.width !== pose.width || canvas.height !== pose.height)) {
    canvas.width = pose.width;
    canvas.height = pose.height;
  }
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (!pose) return;
  const { points } = pose;
  pen.lineCap = "round";
  pen.lineWidth = Math.max(3, pose.height / 130);
  for (const [a = 0, b = 0] of BONES) {
    const sure = Math.min(points[3 * a + 2] ?? 0, points[3 * b + 2] ?? 0) >= SURE;
    pen.strokeStyle = sure ? "#ffffffd9" : "#ffffff55";
    pen.beginPath();
    pen.moveTo(points[3 * a] ?? NaN, points[3 * a + 1] ?? NaN);
    pen.lineTo(points[3 * b] ?? NaN, points[3 * b + 1] ?? NaN);
    pen.stroke();
  }
}
