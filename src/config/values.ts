/**
 * How the text of an option becomes a value. The same text is read the same way wherever it stands: on the command line, in the
 * environment, in the file, and as a default in the table.
 */

/** A text that is no value of its kind; the message goes on after the option's name: "must be …". */
export class BadValue extends Error {
  override readonly name = 'BadValue';
}

export interface Kind<T> {
  /** What may be written, in a few words. */
  readonly label: string;
  /** Throws `BadValue`. */
  readonly parse: (text: string) => T;
}

const BYTES: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const DURATIONS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function integer(min: number, max: number): Kind<number> {
  const label = `integer from ${min} to ${max}`;
  return { label, parse: (text) => between(amount(text, { '': 1 }, label), min, max, label) };
}

/** Bytes; KiB, MiB and GiB may follow the number. */
export function bytes(min: number, max: number): Kind<number> {
  const label = `bytes from ${min} to ${max}, or with KiB, MiB, GiB`;
  return { label, parse: (text) => between(amount(text, BYTES, label), min, max, label) };
}

/** Milliseconds; ms, s, m, h and d may follow the number. */
export function duration(min: number, max: number): Kind<number> {
  const label = `milliseconds from ${min} to ${max}, or with ms, s, m, h, d`;
  return { label, parse: (text) => between(amount(text, DURATIONS, label), min, max, label) };
}

export function words(label: string): Kind<string> {
  return { label, parse: (given) => given };
}

export function choice<T extends string>(known: readonly T[], label: string = known.join(' | ')): Kind<T> {
  return {
    label,
    parse(given) {
      const found = known.find((one) => one === given);
      if (found === undefined) throw new BadValue(`must be one of ${known.join(', ')}`);
      return found;
    },
  };
}

/** Values of one kind with commas between them. */
export function list<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    label: `${kind.label}, with commas between`,
    parse(given) {
      const parts = given.split(',').map((part) => part.trim());
      if (parts.includes('')) throw new BadValue('has an empty entry');
      return parts.map((part) => kind.parse(part));
    },
  };
}

/** An address of a web service. One with a name and password in it is refused: no client of ours would send them. */
export function httpUrl(): Kind<string> {
  return {
    label: 'http:// or https:// address',
    parse(given) {
      const url = URL.canParse(given) ? new URL(given) : undefined;
      if (url === undefined || !/^https?:$/.test(url.protocol)) throw new BadValue('must be an http:// or https:// address');
      if (url.username !== '' || url.password !== '') throw new BadValue('must not have a name or password in it');
      return given;
    },
  };
}

/** Where a broker listens: `host:port`, `[::1]:9092`. */
export function brokerAddress(): Kind<string> {
  return {
    label: 'host:port',
    parse(given) {
      const url = URL.canParse(`tcp://${given}`) ? new URL(`tcp://${given}`) : undefined;
      if (url === undefined || url.host !== given || url.port === '') throw new BadValue('must be host:port, like broker:9092');
      return given;
    },
  };
}

/** NATS servers of one cluster, with commas between. */
export function natsUrl(): Kind<string> {
  return {
    label: 'nats://host:port',
    parse(given) {
      for (const part of given.split(',')) {
        const url = URL.canParse(part) ? new URL(part) : undefined;
        if (url === undefined || !/^(nats|tls):$/.test(url.protocol) || url.hostname === '') {
          throw new BadValue('must be nats://host:port or tls://host:port, several with commas between');
        }
      }
      return given;
    },
  };
}

/** A name that brokers take in topics and subjects. */
export function dottedName(pattern = /^[A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,60}){0,2}$/): Kind<string> {
  return {
    label: 'name',
    parse(given) {
      if (!pattern.test(given)) throw new BadValue('must be made of letters, digits, - and _, with dots between at the most');
      return given;
    },
  };
}

/** Web origins, or `*` for every one: `https://chat.example.org`, as browsers write them. */
export function webOrigin(): Kind<string> {
  return {
    label: 'https://host | http://host:port | *',
    parse(given) {
      if (given === '*') return given;
      const origin = URL.canParse(given) ? new URL(given).origin : 'null';
      if (!/^https?:/.test(origin) || origin !== given.toLowerCase().replace(/\/$/, '')) {
        throw new BadValue('must be an origin like https://chat.example.org, without a path, or *');
      }
      return origin;
    },
  };
}

/** New names for some of the things that are known: `known=new`, with commas between. */
export function renames(known: readonly string[]): Kind<readonly (readonly [string, string])[]> {
  const pairs = list(words('name=other'));
  return {
    label: pairs.label,
    parse(given) {
      const renamed = pairs.parse(given).map((pair) => toRename(pair, known));
      const after = known.map((name) => renamed.find(([from]) => from === name)?.[1] ?? name);
      if (new Set(after).size < after.length) throw new BadValue('gives two events one name');
      return renamed;
    },
  };
}

function toRename(pair: string, known: readonly string[]): readonly [string, string] {
  const [, from = '', to = ''] = /^([^=]+)=([A-Za-z][A-Za-z0-9_:.-]{0,63})$/.exec(pair) ?? [];
  if (!known.includes(from)) throw new BadValue(`must be known=other, where known is one of ${known.join(', ')}`);
  if (RESERVED.has(to)) throw new BadValue(`must not use ${to}, which Socket.IO keeps for itself`);
  return [from, to];
}

/** Event names with a meaning of their own in Socket.IO. */
const RESERVED: ReadonlySet<string> = new Set([
  'connect',
  'connect_error',
  'connection',
  'disconnect',
  'disconnecting',
  'error',
  'newListener',
  'removeListener',
]);

/** `messages/milliseconds`, or `off`. */
export function rate(): Kind<{ readonly messages: number; readonly window: number } | undefined> {
  const label = 'messages/milliseconds | off';
  return {
    label,
    parse(given) {
      if (given === 'off') return undefined;
      const match = /^([1-9][0-9]{0,6})\/([1-9][0-9]{0,8})$/.exec(given);
      if (match === null) throw new BadValue('must be messages/milliseconds, like 10/1000, or off');
      return { messages: Number(match[1]), window: Number(match[2]) };
    },
  };
}

function amount(given: string, units: Readonly<Record<string, number>>, label: string): number {
  const match = /^([0-9]{1,16})([A-Za-z]*)$/.exec(given);
  const unit = match === null ? undefined : units[match[2] ?? ''];
  if (match === null || unit === undefined) throw new BadValue(`must be ${label}`);
  return Number(match[1]) * unit;
}

function between(value: number, min: number, max: number, label: string): number {
  if (value < min || value > max) throw new BadValue(`must be ${label}`);
  return value;
}
