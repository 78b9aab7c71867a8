/** Hand-made SVG. Colours and fonts come from the page's style sheet, so that a chart follows light and dark. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What is written at the end of the bar. */
  readonly text: string;
  /** Drawn in the accent colour. */
  readonly own: boolean;
  /** A shorter, stronger bar within the bar: the median within the 99th percentile. */
  readonly inner?: number;
}

const WIDTH = 540;
const LABEL = 196;
const VALUE = 92;
const ROW = 30;
const THICKNESS = 16;

/** Horizontal bars from zero, in the given order. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const top = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = WIDTH - LABEL - VALUE;
  const rows = bars.map(({ label, value, text, own, inner }, i) => {
    const y = i * ROW + (ROW - THICKNESS) / 2;
    const middle = i * ROW + ROW / 2;
    const length = Math.max(1.5, (value / top) * room);
    const strong = inner === undefined ? '' : rectangle(y, Math.max(1.5, (inner / top) * room), own ? 'own' : 'other');
    return (
      `<text class="label${own ? ' strong' : ''}" x="${LABEL - 10}" y="${middle}" text-anchor="end">${escapeText(label)}</text>` +
      rectangle(y, length, `${own ? 'own' : 'other'}${inner === undefined ? '' : ' faint'}`) +
      strong +
      `<text class="value${own ? ' strong' : ''}" x="${LABEL + length + 8}" y="${middle}">${escapeText(text)}</text>`
    );
  });
  const height = bars.length * ROW;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}">${rows.join('')}</svg>`;
}

function rectangle(y: number, length: number, style: string): string {
  return `<rect class="${style}" x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${THICKNESS}" rx="3"/>`;
}

export interface Line {
  readonly label: string;
  readonly own: boolean;
  /** Values by position on the horizontal axis; undefined where not measured. */
  readonly values: readonly (number | undefined)[];
}

const PLOT = { width: 860, height: 340, left: 62, right: 210, top: 16, bottom: 40 };
const LABEL_GAP = 17;

/** Lines over named positions, the vertical axis logarithmic in powers of ten; each line is labelled at its end. */
export function lineChart(title: string, positions: readonly string[], lines: readonly Line[]): string {
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== undefined && value > 0)).map(Number);
  if (all.length === 0) return '';
  const low = Math.floor(Math.log10(Math.min(...all)) * 2) / 2;
  const high = Math.max(Math.ceil(Math.log10(Math.max(...all)) * 4) / 4, low + 0.5);
  const x = (i: number): number => PLOT.left + ((i + 0.08) / (positions.length - 0.84)) * (PLOT.width - PLOT.left - PLOT.right);
  const y = (value: number): number =>
    PLOT.height - PLOT.bottom - ((Math.log10(value) - low) / (high - low)) * (PLOT.height - PLOT.top - PLOT.bottom);
  const grid = gridValues(low, high).map(
    (value) =>
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.width - PLOT.right}" y1="${y(value)}" y2="${y(value)}"/>` +
      `<text class="tick" x="${PLOT.left - 8}" y="${y(value)}" text-anchor="end">${value >= 1e6 ? `${value / 1e6} M` : `${value / 1e3} k`}</text>`,
  );
  const axis = positions.map(
    (name, i) => `<text class="tick" x="${x(i)}" y="${PLOT.height - 16}" text-anchor="middle">${escapeText(name)}</text>`,
  );
  const drawn = lines.map((line) => drawLine(line, x, y));
  return (
    `<svg viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" aria-label="${escapeText(title)}">` +
    [...grid, ...axis, ...drawn, ...endLabels(lines, x, y)].join('') +
    '</svg>'
  );
}

function drawLine({ values, own }: Line, x: (i: number) => number, y: (value: number) => number): string {
  const points = values.flatMap((value, i) => (value === undefined ? [] : [[x(i), y(value)] as const]));
  const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
  const dots = points.map(
    ([px, py]) => `<circle class="${own ? 'own' : 'other'}" cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="${own ? 5 : 4}"/>`,
  );
  return `<path class="stroke ${own ? 'own-stroke' : 'other-stroke'}" d="${path}"/>${dots.join('')}`;
}

/** Labels at the line ends, pushed apart from top to bottom where they would touch. */
function endLabels(lines: readonly Line[], x: (i: number) => number, y: (value: number) => number): string[] {
  const ends = lines.flatMap(({ label, own, values }) => {
    const last = values.findLastIndex((value) => value !== undefined);
    const value = values[last];
    return value === undefined ? [] : [{ label, own, px: x(last), wanted: y(value) }];
  });
  ends.sort((one, other) => one.wanted - other.wanted);
  let free = Number.NEGATIVE_INFINITY;
  return ends.map(({ label, own, px, wanted }) => {
    const at = Math.max(wanted, free);
    free = at + LABEL_GAP;
    return `<text class="label${own ? ' strong' : ''}" x="${px + 14}" y="${at.toFixed(1)}">${escapeText(label)}</text>`;
  });
}

function gridValues(low: number, high: number): number[] {
  const values: number[] = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const step of [1, 2, 5]) {
      const value = step * 10 ** power;
      if (Math.log10(value) >= low - 1e-9 && Math.log10(value) <= high + 1e-9) values.push(value);
    }
  }
  return values;
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
