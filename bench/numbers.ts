/** Figures as people read them; the empty text where there is none. */

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? '' : value.toFixed(digits);
}

export function percent(value: number | undefined): string {
  return value === undefined ? '' : `${Math.round(value * 100)}%`;
}

/** Three digits, more or less: 0.064, 6.91, 59.0, 438. */
export function milliseconds(value: number | undefined): string {
  if (value === undefined) return '';
  if (value < 1) return value.toFixed(3);
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** 1234567 as `1.23 M`, 94321 as `94.3 k`. */
export function count(value: number | undefined): string {
  if (value === undefined) return '';
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  return value >= 1e3 ? `${(value / 1e3).toFixed(1)} k` : value.toFixed(0);
}

export function kilobytes(bytes: number | undefined): string {
  return bytes === undefined ? '' : `${(bytes / 1000).toFixed(1)} KB`;
}
