/** How long to wait after a failure: twice as long after each, up to a limit. Half of it is left to chance, so that many do not come back at once. */
export function backoff(
  failures: number,
  options: { readonly first: number; readonly longest: number },
  random = Math.random,
): number {
  const whole = Math.min(options.longest, options.first * 2 ** Math.max(0, failures - 1));
  return whole / 2 + (whole / 2) * random();
}
