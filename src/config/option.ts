/** What an option is, and the three sorts there are. */
import type { Kind } from './values.ts';

export interface Option<T> {
  /** `--name` on the command line, SWITCHBOARD_NAME in the environment, "name" in the file; dashes are underscores in the environment. */
  readonly name: string;
  readonly kind: Kind<T>;
  /** As it would be written; undefined: not set. */
  readonly default: string | undefined;
  readonly fallback: T;
  readonly about: string;
  /** Its value is never shown. */
  readonly secret: boolean;
  /** `client`: for commands that talk to a running server; the server itself has no use for it. */
  readonly of: 'server' | 'client';
}

export function option<T>(name: string, kind: Kind<T>, fallback: string, about: string): Option<T> {
  return { name, kind, default: fallback, fallback: kind.parse(fallback), about, secret: false, of: 'server' };
}

export function unset<T>(
  name: string,
  kind: Kind<T>,
  about: string,
  marks: Partial<Pick<Option<T>, 'secret' | 'of'>> = {},
): Option<T | undefined> {
  return { name, kind, default: undefined, fallback: undefined, about, secret: false, of: 'server', ...marks };
}

export function limit(
  name: string,
  kind: (min: number, max: number) => Kind<number>,
  range: [number, number, number],
  about: string,
): Option<number> {
  const [fallback, min, max] = range;
  return option(name, kind(min, max), String(fallback), about);
}
