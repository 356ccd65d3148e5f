// Tones and voice. Tones are made here; words are spoken by a voice of this machine or by clips that come with kneeline.

/** @typedef {import("./types.js").Say} Say */
/** @typedef {import("./types.js").Tone} Tone */
/** @typedef {"auto" | "own" | "clips" | "off"} Voice */

/** What may interrupt what is being said. @type {Record<Say["kind"], number>} */
const RANK = { safety: 4, end: 3, pause: 3, cue: 2, setup: 2, praise: 1, count: 1 };
const LONGEST_QUEUE = 2;
const LOUD = 0.22;

/**
 * Notes of the short tones: frequency in Hz, start and length in s.
 * @type {Record<string, [number, number, number][]>}
 */
const NOTES = {
  seen: [[523, 0, 0.12], [784, 0.12, 0.2]],
  tick: [[660, 0, 0.1]],
  go: [[988, 0, 0.45]],
  good: [[784, 0, 0.09], [1047, 0.09, 0.16]],
  again: [[392, 0, 0.12], [330, 0.12, 0.2]],
  unseen: [[294, 0, 0.25]],
  pause: [[523, 0, 0.14], [392, 0.14, 0.2]],
  resume: [[392, 0, 0.14], [523, 0.14, 0.2]],
  end: [[523, 0, 0.16], [659, 0.16, 0.16], [784, 0.32, 0.4]],
  chime: [[1047, 0, 0.5], [784, 0.25, 0.7]],
};
const BUZZ = /** @type {Record<string, number[]>} */ ({
  good: [40], again: [80, 60, 80], go: [120], pause: [200], end: [60, 60, 60], chime: [100, 80, 100],
});

export class Sound {
  /**
   * @param {Voice} voice
   * @param {string} clips address of the folder of clips
   * @param {number} volume 0..1
   */
  constructor(voice, clips, volume) {
    this.voice = voice;
    this.clips = clips;
    this.volume = volume;
    this.muted = false;
    /** @type {AudioContext | undefined} */
    this.context = undefined;
    /** @type {AudioNode | undefined} */
    this.out = undefined;
    /** @type {{stop: () => void} | undefined} */
    this.glide = undefined;
    /** @type {Say[]} */
    this.queue = [];
    /** @type {{say: Say, stop: () => void} | undefined} */
    this.speaking = undefined;
    /** @type {Map<string, Promise<AudioBuffer>>} */
    this.known = new Map();
    globalThis.speechSynthesis?.getVoices(); // some browsers look for them only when asked first
  }

  /** Browsers let a page sound only after a touch or a key; call this then. */
  async wake() {
    if (!this.context) {
      this.context = new AudioContext();
      const gain = this.context.createGain();
      gain.gain.value = this.volume;
      gain.connect(this.context.destination);
      this.out = gain;
    }
    if (this.context.state === "suspended") await this.context.resume();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    if (muted) this.hush();
  }

  hush() {
    this.queue = [];
    this.speaking?.stop();
    this.glide?.stop();
  }

  /** @param {Tone} tone */
  tone(tone) {
    navigator.vibrate?.(BUZZ[tone.name] ?? []);
    if (this.muted || !this.context || !this.out) return;
    if (tone.name in NOTES) {
      if (tone.name !== "tick") this.glide?.stop();
      for (const [hz, start, length] of NOTES[tone.name] ?? []) this.note(hz, hz, start, length, LOUD);
    } else if (tone.name === "rise") this.sweep(330, 494, tone.lasts_s);
    else if (tone.name === "fall") this.sweep(494, 330, tone.lasts_s);
    else if (tone.name === "hold") this.beats(tone.lasts_s);
  }

  /**
   * @param {number} from_hz
   * @param {number} to_hz
   * @param {number} lasts_s
   */
  sweep(from_hz, to_hz, lasts_s) {
    this.glide?.stop();
    this.glide = this.note(from_hz, to_hz, 0, Math.max(lasts_s, 0.2), LOUD * 0.5);
  }

  /** A tick each half second for as long as a hold should last. @param {number} lasts_s */
  beats(lasts_s) {
    this.glide?.stop();
    /** @type {({stop: () => void} | undefined)[]} */
    const notes = [];
    for (let at = 0; at < Math.max(lasts_s, 0.1) - 0.05; at += 0.5) notes.push(this.note(740, 740, at, 0.06, LOUD));
    this.glide = { stop: () => notes.forEach((note) => note?.stop()) };
  }

  /**
   * @param {number} from_hz
   * @param {number} to_hz
   * @param {number} start_s
   * @param {number} lasts_s
   * @param {number} loud
   */
  note(from_hz, to_hz, start_s, lasts_s, loud) {
    const { context, out } = this;
    if (!context || !out) return undefined;
    const at = context.currentTime + start_s;
    const source = context.createOscillator();
    const gain = context.createGain();
    source.type = "triangle";
    source.frequency.setValueAtTime(from_hz, at);
    source.frequency.linearRampToValueAtTime(to_hz, at + lasts_s);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loud, at + 0.015);
    gain.gain.setValueAtTime(loud, Math.max(at + 0.02, at + lasts_s - 0.04));
    gain.gain.linearRampToValueAtTime(0, at + lasts_s);
    source.connect(gain).connect(out);
    source.start(at);
    source.stop(at + lasts_s + 0.02);
    const stop = () => {
      gain.gain.cancelScheduledValues(context.currentTime);
      gain.gain.setTargetAtTime(0, context.currentTime, 0.01);
      source.stop(context.currentTime + 0.08);
    };
    return { stop };
  }

  /**
   * Say one sentence. What matters more interrupts; what matters less waits, and a count that comes late is left out.
   * @param {Say} say
   */
  say(say) {
    if (this.muted || this.voice === "off") return;
    const now = this.speaking;
    if (!now) return this.speak(say);
    if (RANK[say.kind] > RANK[now.say.kind] && (RANK[say.kind] >= 3 || now.say.kind === "praise")) {
      this.queue = [];
      now.stop();
      return this.speak(say);
    }
    this.queue = this.queue.filter((other) => other.kind !== "count" || say.kind !== "count");
    this.queue.push(say);
    this.queue.sort((a, b) => RANK[b.kind] - RANK[a.kind]);
    this.queue.length = Math.min(this.queue.length, LONGEST_QUEUE);
    return undefined;
  }

  /** @param {Say} say */
  speak(say) {
    let over = false;
    const done = () => {
      if (over) return;
      over = true;
      clearTimeout(late);
      this.speaking = undefined;
      const next = this.queue.shift();
      if (next) this.speak(next);
    };
    // Some voices never say that they are through.
    const late = setTimeout(done, 1500 + 120 * say.text.length);
    const own = this.ownVoice();
    this.speaking = own ? this.speakOwn(say, own, done) : this.speakClip(say, done);
  }

  /** A voice that lives on this machine; those that speak elsewhere would be told what is said. */
  ownVoice() {
    if (this.voice === "clips") return undefined;
    const voices = globalThis.speechSynthesis?.getVoices() ?? [];
    const english = voices.filter((voice) => voice.localService && voice.lang.toLowerCase().startsWith("en"));
    return english.find((voice) => voice.default) ?? english[0];
  }

  /**
   * @param {Say} say
   * @param {SpeechSynthesisVoice} voice
   * @param {() => void} done
   */
  speakOwn(say, voice, done) {
    const words = new SpeechSynthesisUtterance(say.text);
    words.voice = voice;
    words.lang = voice.lang;
    words.volume = this.volume;
    words.rate = 1.05;
    words.onend = done;
    words.onerror = done;
    speechSynthesis.speak(words);
    return { say, stop: () => (speechSynthesis.cancel(), done()) };
  }

  /**
   * @param {Say} say
   * @param {() => void} done
   */
  speakClip(say, done) {
    /** @type {AudioBufferSourceNode | undefined} */
    let source;
    let stopped = false;
    this.clip(say.id).then((buffer) => {
      if (stopped || !this.context || !this.out) return done();
      source = this.context.createBufferSource();
      source.buffer = buffer;
      source.connect(this.out);
      source.onended = done;
      source.start();
      return undefined;
    }, done);
    const stop = () => {
      stopped = true;
      source?.stop();
      done();
    };
    return { say, stop };
  }

  /** @param {string} id */
  clip(id) {
    let clip = this.known.get(id);
    if (!clip) {
      clip = this.fetchClip(id);
      clip.catch(() => this.known.delete(id));
      this.known.set(id, clip);
    }
    return clip;
  }

  /** @param {string} id */
  async fetchClip(id) {
    const response = await fetch(`${this.clips}${encodeURIComponent(id)}.mp3`);
    if (!response.ok || !this.context) throw new Error(`no clip for ${id}`);
    return this.context.decodeAudioData(await response.arrayBuffer());
  }
}
