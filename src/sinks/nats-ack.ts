/** What JetStream says to a message that was published to it. */
import type { Failed } from './sink.ts';

/** Errors that the same message would meet again: larger than the stream takes, or with too many headers. */
const REFUSALS: ReadonlySet<number> = new Set([10_054, 10_097]);

/** Undefined: it is stored, now or before. */
export function problemIn(text: string): Failed | undefined {
  const answer = parse(text);
  if (typeof answer !== 'object' || answer === null) return { type: 'unavailable', why: 'its answer cannot be read' };
  if ('stream' in answer && !('error' in answer)) return undefined;
  const error = 'error' in answer && typeof answer.error === 'object' ? answer.error : null;
  const code = error !== null && 'err_code' in error ? Number(error.err_code) : 0;
  const words = error !== null && 'description' in error ? String(error.description) : 'its answer cannot be read';
  return { type: REFUSALS.has(code) ? 'refused' : 'unavailable', why: words.slice(0, 200) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
