/** A sink that can never work as it is configured: told at the start, with what to do, instead of at every event. */
export class SinkSetupError extends Error {
  override readonly name = 'SinkSetupError';
}

/** What went wrong, as the system calls it: never a text with addresses or paths of the caller in it. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown cause';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
