/** What `switchboard doctor` says. */

/** One thing looked at. */
export interface Finding {
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  /** What was found and, unless it is well, what to do. */
  readonly text: string;
}

export const found = (level: Finding['level'], check: string, text: string): Finding => ({ check, level, text });
