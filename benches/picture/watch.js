// Before the scripts of each page: notes when Admit is pressed, and when the other person's second frame is there to be seen. In milliseconds of the
// machine's clock, which all its browsers have.

{
  const now = () => performance.timeOrigin + performance.now();
  const measured = (window.measuredForTheTest = { pressed: null, picture: null, frames: 0 });
  // Today ends with the press; the call's page goes on from what it left.
  const KEPT = "pressed for the benchmark";
  addEventListener("click", ({ target }) => {
    if (target.closest?.("form[data-act=admission], button[data-act=admission]")) sessionStorage.setItem(KEPT, String(now()));
  }, true);
  document.addEventListener("DOMContentLoaded", () => {
    const video = document.querySelector("video#remote");
    if (!video) return;
    measured.pressed = Number(sessionStorage.getItem(KEPT));
    const frame = () => {
      measured.frames += 1;
      if (measured.frames === 2) measured.picture = now();
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  });
}
