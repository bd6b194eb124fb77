/** Shares of the values that are left to black and to white, where the file says no window. */
const DARKEST = 0.01;
const LIGHTEST = 0.99;

/**
 * Makes a small picture of one native frame: each of its pixels is the mean of those that it stands for, and each of
 * these is looked at once. Returns ImageData whose longer side has at most `edge` pixels.
 */
export function rasterize(pixels, frame, edge) {
  const scale = Math.max(1, Math.max(pixels.rows, pixels.columns) / edge);
  const width = Math.max(1, Math.round(pixels.columns / scale));
  const height = Math.max(1, Math.round(pixels.rows / scale));
  const picture = new ImageData(width, height);
  const paint = pixels.samples === 1 ? paintGrey : paintColour;
  paint(pixels, frame, picture);
  for (let at = 3; at < picture.data.length; at += 4) picture.data[at] = 255;
  return picture;
}

function paintGrey(pixels, frame, picture) {
  const { values, seen } = averageGrey(pixels, frame, picture);
  const { low, high } = chooseRange(pixels, values, seen);
  const inverted = pixels.photometric === "MONOCHROME1";
  values.forEach((value, index) => {
    // What is padding is no part of the image, and dark in either reading.
    const level = seen[index] ? (255 * (value - low)) / (high - low) : inverted ? 255 : 0;
    // Rounded and bounded by the array itself.
    picture.data.fill(inverted ? 255 - level : level, 4 * index, 4 * index + 3);
  });
}

/** Means of the values after the modality's rescaling (PS3.3 C.11.1), padding left out; and which pixels have any. */
function averageGrey(pixels, frame, { width, height }) {
  const { rows, columns, allocated, stored, high, signed, slope, intercept, padding } = pixels;
  const samples = allocated === 16 ? new Uint16Array(frame) : new Uint8Array(frame);
  const [shift, mask, sign] = [high + 1 - stored, 2 ** stored - 1, 2 ** (stored - 1)];
  const [sums, counts] = [new Float64Array(width * height), new Uint32Array(width * height)];
  const places = Uint16Array.from({ length: columns }, (_, column) => Math.floor((column * width) / columns));
  for (let row = 0, at = 0; row < rows; row += 1) {
    const line = Math.floor((row * height) / rows) * width;
    for (let column = 0; column < columns; column += 1, at += 1) {
      const sample = samples[at];
      if (sample === padding) continue;
      const value = (sample >> shift) & mask;
      sums[line + places[column]] += signed && value >= sign ? value - 2 * sign : value;
      counts[line + places[column]] += 1;
    }
  }
  return { values: sums.map((sum, index) => (sum / (counts[index] || 1)) * slope + intercept), seen: counts };
}

/** The values that are black and white: by the file's window (PS3.3 C.11.2.1.2.1), else by percentiles. */
function chooseRange({ window: { center, width } }, values, seen) {
  if (center !== undefined && width > 1) {
    const middle = center - 0.5;
    return { low: middle - (width - 1) / 2, high: middle + (width - 1) / 2 };
  }
  const sorted = values.filter((_, index) => seen[index] > 0).sort();
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const low = at(DARKEST);
  return { low, high: Math.max(low + 1, at(LIGHTEST)) };
}

function paintColour({ rows, columns, planar, photometric }, frame, { width, height, data }) {
  const samples = new Uint8Array(frame);
  const [step, next] = planar ? [1, rows * columns] : [3, 1];
  const sums = new Float64Array(3 * width * height);
  const counts = new Uint32Array(width * height);
  for (let row = 0, at = 0; row < rows; row += 1) {
    const line = Math.floor((row * height) / rows) * width;
    for (let column = 0; column < columns; column += 1, at += step) {
      const place = line + Math.floor((column * width) / columns);
      for (let channel = 0; channel < 3; channel += 1) sums[3 * place + channel] += samples[at + channel * next];
      counts[place] += 1;
    }
  }
  counts.forEach((count, place) => {
    const means = [0, 1, 2].map((channel) => sums[3 * place + channel] / (count || 1));
    data.set(photometric === "RGB" ? means : toRgb(means), 4 * place);
  });
}

/** PS3.3 C.7.6.3.1.2, backwards. */
function toRgb([luma, blue, red]) {
  const [b, r] = [blue - 128, red - 128];
  return [luma + 1.402 * r, luma - 0.344136 * b - 0.714136 * r, luma + 1.772 * b];
}
