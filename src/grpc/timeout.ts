/** The client's deadline as it travels. Source: "gRPC over HTTP2", Timeout. */

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1000],
  ['m', 1],
  ['u', 1e-3],
  ['n', 1e-6],
]);

/** Milliseconds of a `grpc-timeout` such as `250m`; undefined when it is malformed. */
export function parseTimeout(text: string): number | undefined {
  const unit = UNIT_MS.get(text.slice(-1));
  const digits = text.slice(0, -1);
  return unit !== undefined && /^\d{1,8}$/.test(digits) ? Number(digits) * unit : undefined;
}
