// The camera that reads QR codes: the browser's own detector where there is one, else the decoder from npm.

const LOOK_MS = 110; // nine looks a second: quick to the eye, and a cheap phone stays cool
const SIDE_PX = 640; // the middle of the picture, scaled to this, goes to the decoder

/** Why there is no picture: "denied" where the person or the system said no, else "no_camera". */
export class CameraFailed extends Error {
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/**
 * Show the camera in `video` and call `found(text)` for every code seen (the same one again only after two seconds).
 * Resolves to `{stop, torch}`; `torch(on)` is null where the phone has none to switch. Rejects with CameraFailed.
 */
export async function watch(video, found) {
  let stream;
  try {
    const wish = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wish, audio: false });
  } catch (error) {
    throw new CameraFailed(["NotAllowedError", "SecurityError"].includes(error.name) ? "denied" : "no_camera");
  }
  video.srcObject = stream;
  await video.play().catch(() => {});
  const read = await reader();
  let running = true;
  let last = { text: "", at: 0 };
  const look = async () => {
    if (!running) return;
    const began = performance.now();
    if (video.readyState >= 2 && !document.hidden) {
      const text = await read(video).catch(() => "");
      if (running && text && (text !== last.text || began - last.at > 2000)) {
        last = { text, at: began };
        found(text);
      }
    }
    setTimeout(look, Math.max(20, LOOK_MS - (performance.now() - began)));
  };
  look();
  const [track] = stream.getVideoTracks();
  const canLight = track.getCapabilities?.().torch === true;
  return {
    stop() {
      running = false;
      for (const each of stream.getTracks()) each.stop();
      video.srcObject = null;
    },
    torch: canLight ? (on) => track.applyConstraints({ advanced: [{ torch: on }] }) : null,
  };
}

async function reader() {
  if ("BarcodeDetector" in self) {
    const formats = await self.BarcodeDetector.getSupportedFormats().catch(() => []);
    if (formats.includes("qr_code")) {
      const detector = new self.BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
    }
  }
  const { default: decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let turn = 0;
  return async (video) => {
    // In turn the middle alone, where the frame aims, and the whole picture, for labels held too near.
    const { videoWidth: width, videoHeight: height } = video;
    const part = turn++ % 2 ? 1 : 0.66;
    const side = Math.min(width, height) * part;
    const wide = part === 1 ? width : side;
    const scale = Math.min(1, SIDE_PX / Math.min(side, wide));
    canvas.width = Math.round(wide * scale);
    canvas.height = Math.round(side * scale);
    pen.drawImage(video, (width - wide) / 2, (height - side) / 2, wide, side, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(pen.getImageData(0, 0, canvas.width, canvas.height), { timeLimit: 60 });
    } catch {
      return ""; // no code in this picture
    }
  };
}

let sound;
/** A short beep and a buzz: heard and felt without looking. High for good, low twice for a label that will not do. */
export function signalRead(good) {
  navigator.vibrate?.(good ? 80 : [80, 60, 80]);
  try {
    sound ??= new AudioContext();
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    tone.frequency.value = good ? 1320 : 330;
    volume.gain.setValueAtTime(0.2, sound.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.18);
    tone.connect(volume).connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.2);
  } catch {
    // no sound here: the picture and the buzz say it
  }
}
