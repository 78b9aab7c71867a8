/** Why something failed, as logs and dead letters tell it. */

const MAX_REASON_LENGTH = 200;

/** Errors within errors that are looked into: more only where somebody wraps in a circle. */
const MAX_DEPTH = 8;

/** The innermost message in one line. */
export function reasonOf(cause: unknown): string {
  let inner = cause;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const next = innerOf(inner);
    if (next === undefined) break;
    inner = next;
  }
  const text = inner instanceof Error ? inner.message || inner.name : String(inner);
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_REASON_LENGTH) || 'it failed';
}

function innerOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors.find((one) => one instanceof Error);
  return error instanceof Error ? error.cause : undefined;
}
