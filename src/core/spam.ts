/** The same content again and again mutes its sender for a while, wherever it is sent (wire.md section 2: N times within a duration). */
import { hash } from 'node:crypto';
import type { Content, Millis } from './model.ts';
import { createRecent } from './recent.ts';

/** The same content `times` times `within` a time mutes for `mute`. */
export interface SpamLimit {
  readonly times: number;
  readonly within: Millis;
  readonly mute: Millis;
}

export interface SpamGuard {
  /** How long the sender is muted still; 0 when it is not. Milliseconds. */
  rest(sender: string): Millis;
  /** Takes note of what somebody says. The same `key` is the same message once more and does not count. */
  note(sender: string, content: Content, key: string | undefined): void;
}

interface Said {
  /** When it was said, oldest first: as many times as count. */
  readonly at: Millis[];
  key: string | undefined;
}

/** Contents remembered, of all users: each is a hash and a few times. */
const MAX_SAID = 50_000;

/** Muted users remembered. */
const MAX_MUTED = 50_000;

/** Characters of a text that are compared: what begins with as much of the same is the same. */
const MAX_COMPARED = 2_000;

export function createSpamGuard({ limit, now }: { limit: SpamLimit | undefined; now: () => Millis }): SpamGuard {
  if (limit === undefined) return { rest: () => 0, note() {} };
  const { times, within, mute } = limit;
  const said = createRecent<string, Said>(MAX_SAID);
  const muted = createRecent<string, Millis>(MAX_MUTED);

  return {
    rest(sender) {
      if (muted.size === 0) return 0;
      const rest = (muted.get(sender) ?? 0) - now();
      if (rest > 0 && rest <= mute) return rest;
      muted.delete(sender);
      return 0;
    },
    note(sender, content, key) {
      const what = `${sender}/${digestOf(content)}`;
      const time = now();
      const before = said.get(what);
      if (before !== undefined && key !== undefined && before.key === key) return;
      const at = before === undefined ? [] : before.at.filter((one) => one > time - within && one <= time);
      at.push(time);
      // Written anew, so that what is said now is not the first to be forgotten.
      if (before !== undefined) said.delete(what);
      if (at.length < times) said.set(what, { at, key });
      else muted.set(sender, time + mute);
    },
  };
}

/** Characters of what is compared as it is; of what is longer a hash is kept. */
const MAX_KEPT = 64;

/** Words of printable ASCII with one space between: nothing of them is unseen or has another form. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

const UNSEEN = /[[\p{Cf}\p{Cc}]--\s]/gv;

/** Contents that read the same have the same digest: case, width, spacing and characters that nobody sees make no difference. */
function digestOf({ text = '', resource, location, attachments }: Content): string {
  const words = wordsOf(text.length > MAX_COMPARED ? text.slice(0, MAX_COMPARED) : text);
  const isBare = resource === undefined && location === undefined && attachments === undefined;
  if (isBare && words.length <= MAX_KEPT) return words;
  const place = location === undefined ? '' : `${location.latitude},${location.longitude}`;
  const files = attachments === undefined ? (resource?.url ?? '') : JSON.stringify(attachments);
  // A text that is kept as it is has no line break.
  return `\n${hash('sha256', `${words}\0${files}\0${place}`, 'base64url')}`;
}

function wordsOf(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text.normalize('NFKC').toLowerCase().replaceAll(UNSEEN, '').replaceAll(/\s+/g, ' ').trim();
}
