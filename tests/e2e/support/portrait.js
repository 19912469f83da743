// Before a page's own scripts: for a browser that takes no film, the camera that is opened once `drawn` is kept in this tab shows a drawn person
// before a room, the one of `portrait.rs`.

{
  const [WIDE, HIGH, SQUARE, EVERY_MS] = [640, 360, 16, 66];
  const HAIR = [60, 40, 30];

  /** Of the person at this place: from the middle, from the top, in heights of the picture. */
  const ofPerson = (x, y) => {
    const within = (left, top, wide, high) => ((x - left) / wide) ** 2 + ((y - top) / high) ** 2 < 1;
    const both = (left, top, wide, high) => within(-left, top, wide, high) || within(left, top, wide, high);
    const shaded = (colour) => colour.map((part) => part * (1 - 0.7 * Math.abs(x)));
    if (within(0, 0.4, 0.135, 0.18)) {
      if (both(0.055, 0.37, 0.009, 0.01)) return [40, 25, 20];
      if (both(0.055, 0.37, 0.022, 0.012)) return [235, 230, 225];
      if (both(0.055, 0.335, 0.032, 0.008) || y < 0.285 + 1.2 * x * x) return HAIR;
      if (within(0, 0.49, 0.045, 0.014)) return [170, 80, 80];
      return shaded(within(0, 0.43, 0.018, 0.03) ? [205, 150, 125] : [225, 172, 145]);
    }
    if (within(0, 0.36, 0.165, 0.19) && y < 0.42) return HAIR;
    if (Math.abs(x) < 0.065 && y > 0.5 && y < 0.66) return shaded([205, 150, 125]);
    return within(0, 1.02, 0.42, 0.4) && y > 0.6 ? shaded([50, 80, 140]) : null;
  };

  const drawn = (width, height, colourAt) => {
    const canvas = new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    for (let at = 0; at < width * height; at += 1) {
      const colour = colourAt(at % width, Math.floor(at / width));
      if (colour) image.data.set([...colour, 255], 4 * at);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  };

  /** Shows them for as long as there is this page, whoever stops or doubles a track of it. */
  const film = () => {
    const person = drawn(WIDE, HIGH, (column, row) => ofPerson((column - WIDE / 2) / HIGH, row / HIGH));
    const squares = drawn(2 * SQUARE, 2 * SQUARE, (column, row) => ((Math.floor(column / SQUARE) + Math.floor(row / SQUARE)) % 2 ? [60, 80, 70] : [235, 235, 225]));
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDE, height: HIGH });
    const pen = canvas.getContext("2d");
    const room = pen.createPattern(squares, "repeat");
    let shift = 0;
    setInterval(() => {
      shift = (shift + 2) % (2 * SQUARE);
      room.setTransform(new DOMMatrix([1, 0, 0, 1, -shift, 0]));
      pen.fillStyle = room;
      pen.fillRect(0, 0, WIDE, HIGH);
      pen.drawImage(person, 0, 0);
    }, EVERY_MS);
    return canvas;
  };
  let canvas = null;

  const real = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wanted) {
    if (!wanted.video || sessionStorage.getItem("drawn") === null) return real.call(this, wanted);
    canvas ??= film();
    return canvas.captureStream();
  };
}
