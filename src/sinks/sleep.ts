/** Waiting that ends early when nobody waits any more. */
export function sleep(
  milliseconds: number,
  options: { readonly signal?: AbortSignal; /** Keeps the process alive. */ readonly ref?: boolean } = {},
): Promise<void> {
  const { signal, ref = false } = options;
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (!ref) timer.unref();
    signal?.addEventListener('abort', done);
  });
}
