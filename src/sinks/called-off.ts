/** The call of a sink was called off, or the sink was closed, before there was an answer. */
export class CalledOff extends Error {
  override readonly name = 'CalledOff';

  constructor() {
    super('the call was called off');
  }
}

/** What the work brings, or `CalledOff` as soon as one of the signals is aborted; nothing is left on them. Work is not begun when one is. */
export async function unlessCalledOff<T>(work: () => Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  if (signals.some(({ aborted }) => aborted)) throw new CalledOff();
  const off = Promise.withResolvers<never>();
  const abort = (): void => off.reject(new CalledOff());
  for (const signal of signals) signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work(), off.promise]);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}
