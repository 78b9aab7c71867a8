/** Words for a terminal. */

const WIDTH = 110;

/** Two columns, the first as wide as it must be. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
}

/** Lines of words, none wider than a terminal. */
export function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(indent) + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, ' '.repeat(indent) + line];
}

/**
 * What other people wrote, safe to show: control characters, which can repaint a terminal, and marks that turn the direction of reading are
 * shown as their codes.
 */
export function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu, (mark) => {
    return mark === '\n' ? '\n    ' : `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
