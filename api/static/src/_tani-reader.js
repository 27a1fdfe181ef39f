// One place to read labels from: the camera where it may be used, the number typed in where not.

import { CameraFailed, signalRead, watch } from "./_scan-camera.js";
import { readLabel } from "./_scan-tag.js";
import { $, complain, say, show } from "./_tani-words.js";

/**
 * Wire up `.camera`, `#ketik`, `#nomor`, `#senter`, `#kamera-gagal` of this page.
 * `taken(label)` gets every label read; it answers whether it was good, for the beep (null: none). `ranges()` are the group's labels.
 */
export function labelReader({ taken, ranges, unreadable }) {
  const camera = $(".camera");
  const field = $("#nomor");
  const line = $("#nomor-error");
  const torch = $("#senter");
  let running = null;
  let wanted = false;

  $("#ketik").addEventListener("submit", async (event) => {
    event.preventDefault();
    const label = readLabel(field.value, ranges());
    if (label.wrong) {
      complain(line, field, say(label.wrong));
      field.focus();
      return;
    }
    complain(line, field);
    if (await taken(label)) field.value = "";
  });
  field.addEventListener("input", () => complain(line, field));

  torch.addEventListener("click", async () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    await running?.torch?.(on).catch(() => {});
    torch.setAttribute("aria-pressed", String(on));
    torch.setAttribute("aria-label", say(on ? "torch_off" : "torch_on"));
  });

  async function seen(text) {
    const label = readLabel(text, ranges());
    const good = label.wrong ? (unreadable(say("not_a_label")), false) : await taken(label);
    if (good !== null) signalRead(good);
  }

  async function on() {
    wanted = true;
    if (running) return true;
    show($("#kamera-gagal"), false);
    show(camera);
    try {
      const started = await watch($("video", camera), seen);
      if (!wanted) {
        started.stop();
        return false;
      }
      running = started;
      show(torch, Boolean(running.torch));
      return true;
    } catch (error) {
      const why = error instanceof CameraFailed ? error.why : "no_camera";
      show(camera, false);
      const box = $("#kamera-gagal");
      $("b", box).textContent = say(why);
      $("span", box).textContent = say(`${why}_then`);
      show(box);
      return false;
    }
  }

  function off({ hide = true } = {}) {
    wanted = false;
    running?.stop();
    running = null;
    if (hide) show(camera, false);
  }

  // A camera left on in a pocket empties the battery.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && running) {
      off({ hide: false });
      wanted = true;
    } else if (!document.hidden && wanted) {
      on();
    }
  });
  return { on, off };
}
