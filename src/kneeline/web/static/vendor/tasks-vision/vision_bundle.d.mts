/** The part of MediaPipe Tasks Vision 0.10.35 that kneeline uses. */
export interface Landmark { x: number; y: number; z: number; visibility: number }
export interface Found { landmarks: Landmark[][] }
export interface Options {
  baseOptions: { modelAssetBuffer: Uint8Array; delegate: "CPU" | "GPU" };
  runningMode: "VIDEO";
  numPoses: number;
}
export class PoseLandmarker {
  static createFromOptions(files: { wasmLoaderPath: string; wasmBinaryPath: string }, options: Options): Promise<PoseLandmarker>;
  detectForVideo(picture: ImageBitmap, t_ms: number): Found;
  close(): void;
}
