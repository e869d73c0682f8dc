// The formulas of contract.json: RGBA bytes of a sheet -> ink map -> network input, and logits -> decisions.

const even = (x) => { const low = Math.floor(x); return x - low === 0.5 ? low + (low & 1) : Math.round(x); };
const clip = (x, most) => Math.max(0, Math.min(x, most));

/** `of(pixel, x, ratio)` for `size` places of every row; the result is turned, so that doing it twice does both axes. */
function rows(picture, width, size, of) {
  const height = picture.length / width, out = new Float64Array(size * height);
  for (let y = 0; y < height; y++) {
    const pixel = (k) => picture[y * width + clip(k, width - 1)];
    for (let x = 0; x < size; x++) out[x * height + y] = of(pixel, x, width / size);
  }
  return out;
}
const both = (picture, width, size, ofX, ofY = ofX) =>
  rows(rows(picture, width, size[0], ofX), picture.length / width, size[1], ofY);

function area(pixel, x, ratio) {
  let sum = 0;
  for (let k = Math.floor(x * ratio); k < (x + 1) * ratio; k++)
    sum += pixel(k) * (Math.min(k + 1, (x + 1) * ratio) - Math.max(k, x * ratio));
  return sum / ratio;
}
const between = (mix) => (pixel, x, ratio) => {
  const u = (x + 0.5) * ratio - 0.5, c = Math.floor(u), f = even(2048 * (u - c));
  return mix(2048 - f, pixel(c), f, pixel(c + 1));
};
const alongRow = between((a, p, b, q) => a * p + b * q);
const downColumn = between((a, p, b, q) => (((a * (p >> 4)) >> 16) + ((b * (q >> 4)) >> 16) + 2) >> 2);

/** RGBA bytes of a sheet and the contract's numbers -> ink map, uint8. */
export function inkMap(rgba, n) {
  const [w, h, small] = [n.sheet_width, n.sheet_height, [n.small_width, n.small_height]];
  const [side, half] = [n.dilate_side >> 1, n.taps.length >> 1];
  const largest = (pixel, x) => { let m = 0; for (let k = -side; k <= side; k++) m = Math.max(m, pixel(x + k)); return m; };
  const blur = (pixel, x) => n.taps.reduce((sum, tap, k) => sum + tap * pixel(x + k - half), 0);
  const luma = Float64Array.from({ length: w * h }, (_, i) =>
    (9798 * rgba[4 * i] + 19235 * rgba[4 * i + 1] + 3735 * rgba[4 * i + 2] + 16384) >> 15);
  const reduced = both(both(luma, w, [w, h], largest), w, small, area).map(even);
  const blurred = both(reduced, small[0], small, blur).map((sum) => (sum + 32768) >> 16);
  const paper = both(blurred, small[0], [w, h], alongRow, downColumn);
  const ink = luma.map((value, i) => 255 - Math.min(255, even((255 * value) / Math.max(paper[i], n.least_paper))));
  const round = w === 2 * n.width && h === 2 * n.height ? (x) => Math.floor(x + 0.5) : even;
  const map = both(ink, w, [n.width, n.height], area).map(round);
  const sorted = map.slice().sort(), rank = ((sorted.length - 1) * n.contrast_percentile) / 100, low = Math.floor(rank);
  const percentile = sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (rank - low);
  const gain = Math.fround(n.ink_unit / Math.max(percentile, 255 * n.contrast_floor));
  return Uint8Array.from(map, (value) => Math.min(255, even(Math.fround(value * gain))));
}

/** Ink map -> network input, float32. */
export function normalise(ink, n) {
  const [mean, std] = [Math.fround(n.mean), Math.fround(n.std)];
  return Float32Array.from(ink, (k) => Math.fround(Math.fround(k / 255) - mean) / std);
}

/** Logits and an artefact of the contract -> probabilities, and decisions: true, false, or null where undecided. */
export function decide(logits, { scale, bias, threshold, margin, undecided_margin: band }) {
  const z = (logit, i) => scale[i] * logit + bias[i], p = (logit, i) => 1 / (1 + Math.exp(-z(logit, i)));
  const decisions = logits.map((logit, i) => {
    const t = threshold[i];
    if (Math.abs(z(logit, i) - Math.log(t / (1 - t))) < band[i]) return null;
    return p(logit - margin, i) >= t ? true : p(logit + margin, i) < t ? false : null;
  });
  return { probabilities: logits.map(p), decisions };
}
