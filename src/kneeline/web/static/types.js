/**
 * What modules pass to each other. Field names are those of kneeline.model.coaching; times are seconds.
 *
 * @typedef {{t_s: number, id: string, text: string, kind: "setup"|"count"|"cue"|"praise"|"pause"|"safety"|"end"}} Say
 * @typedef {{t_s: number, name: string, lasts_s: number}} Tone
 * @typedef {"good"|"try_again"|"not_seen"} Verdict
 * @typedef {{t_s: number|null, state: "framing"|"ready"|"countdown"|"set"|"paused"|"done", count: number, good: number,
 *   target: number, phase: "rest"|"lift"|"hold"|"lower", phase_lasts_s: number, last: Verdict|null, caption: string,
 *   light: "green"|"amber"|"red"}} Screen
 * @typedef {{t_s: number, progress: number|null}} Reading
 * @typedef {{say?: Say, tone?: Tone, screen?: Screen, reading?: Reading, saved?: number, over?: boolean, trouble?: string,
 *   refused?: string, left_out?: string}} Instruction
 *
 * A picture's keypoints: 33 times x_px, y_px, confidence; NaN where nothing was found; people -1 when nobody looked.
 * @typedef {{t_s: number, width: number, height: number, people: number, points: Float32Array}} Pose
 */

export {};
