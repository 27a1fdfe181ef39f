// One sound a verdict: high for right, two low ones for wrong, one short middle one for nothing new.

let context = null;
const NOTES = { good: [[880, 0, 0.09]], bad: [[220, 0, 0.16], [180, 0.2, 0.22]], same: [[440, 0, 0.07]] };

export function play(kind) {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume();
    for (const [pitch, start, length] of NOTES[kind]) {
      const tone = context.createOscillator(), loud = context.createGain(), from = context.currentTime + start;
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0.2, from);
      loud.gain.exponentialRampToValueAtTime(0.001, from + length);
      tone.connect(loud).connect(context.destination);
      tone.start(from);
      tone.stop(from + length);
    }
  } catch { /* no sound here: colour, word and shape remain */ }
}
