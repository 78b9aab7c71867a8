/**
 * Somebody outside is asked before what a user says is stored (`Moderator`). What that is worth is decided here: whoever does not answer in time,
 * answers nonsense, or has too much to do already, has no say, and the configured answer applies. Chat is never slower than the time limit, and
 * after some failures in a row not at all for a while.
 */
import { hash } from 'node:crypto';
import { checkContent, cleanName } from './content.ts';
import { ChatError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Links } from './links.ts';
import type { Actor, Content, Id, Millis } from './model.ts';
import type { Log, Meter, Moderator, Verdict } from './ports.ts';
import { createRecent } from './recent.ts';
import type { Restrictions } from './restrictions.ts';

export interface ModerationOptions {
  readonly moderator: Moderator;
  /** How long is waited for a verdict. */
  readonly timeout: Millis;
  /** What applies where there is no verdict. */
  readonly failure: 'pass' | 'refuse';
  /** What back ends send is judged as well. */
  readonly everybody: boolean;
}

/** What somebody is about to say. */
export interface Utterance {
  readonly actor: Actor;
  readonly content: Content;
  /** The sender's own name for it: said again with the same content, the same verdict. */
  readonly key?: string | undefined;
  readonly place: { readonly conversation?: Id; readonly peer?: Id };
  /** The message it replaces the content of. */
  readonly message?: Id;
}

export interface Moderation {
  /** Whether what the actor says is judged. */
  covers(actor: Actor): boolean;
  /**
   * Has it judged, and stores what may be said: `store` is called with that, after everything that the same sender has said there before was stored or
   * refused, whatever the order of the verdicts. Rejects with `permission_denied` and the moderator's reason, with `unavailable` where there was
   * no verdict and that refuses, or as `store` does.
   */
  pass<T>(utterance: Utterance, store: (content: Content) => Promise<T>): Promise<T>;
  /** Resolves when nothing is being judged. */
  idle(): Promise<void>;
}

/** Verdicts waited for at a time: beyond it there is none. More would only wait longer than the time limit. */
const MAX_UNDER_WAY = 1_024;

/** Failures in a row after which the moderator is left alone. */
const MAX_FAILURES = 5;

/** For how long; then one message is tried. Milliseconds. */
const REST_MS = 5_000;

/** Verdicts remembered for repeats of what has a key. */
const MAX_REMEMBERED = 10_000;

/** Characters of a reason that the sender is told. */
const MAX_REASON_LENGTH = 500;

type Judged = { readonly content: Content } | { readonly refusal: ChatError };

export function createModeration(
  deps: ModerationOptions & {
    limits: Limits;
    links: Pick<Links, 'resource'>;
    restrictions: Pick<Restrictions, 'checkVoice'>;
    meter: Pick<Meter, 'judged'>;
    log: Pick<Log, 'debug' | 'info' | 'warn'>;
    now: () => Millis;
  },
): Moderation {
  const { moderator, timeout, failure, everybody, limits, links, restrictions, meter, log, now } = deps;
  const remembered = createRecent<string, Content>(MAX_REMEMBERED);
  /** What a sender has said last in a place, until it is stored. */
  const lanes = new Map<string, Promise<void>>();
  let underWay = 0;
  let failures = 0;
  let restsUntil = 0;
  let isTrying = false;

  function mayAsk(): boolean {
    if (underWay >= MAX_UNDER_WAY) return false;
    return failures < MAX_FAILURES || (!isTrying && (now() >= restsUntil || now() < restsUntil - REST_MS));
  }

  function succeeded(): void {
    if (failures >= MAX_FAILURES) log.info({}, 'the moderation hook answers again');
    failures = 0;
  }

  function failed(cause: unknown): void {
    failures += 1;
    log.debug({ err: cause }, 'the moderation hook gave no verdict');
    if (failures < MAX_FAILURES) return;
    restsUntil = now() + REST_MS;
    if (failures === MAX_FAILURES) {
      log.warn(
        { err: cause, failure },
        'the moderation hook has failed several times in a row: it is asked again in some seconds',
      );
    }
  }

  /** What there is to say where there is no verdict. */
  function otherwise(content: Content): Judged {
    meter.judged('none');
    if (failure === 'pass') return { content };
    const words = 'What you say cannot be checked at the moment. Try again shortly.';
    return { refusal: new ChatError('unavailable', words, { retryAfter: 1_000 }) };
  }

  async function ask(utterance: Utterance): Promise<Verdict> {
    const { actor, content, place, message } = utterance;
    const { namespace, user, role, door, server } = actor;
    const shown = content.resource === undefined ? content : { ...content, resource: links.resource(content.resource) };
    const stop = new AbortController();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`the moderation hook did not answer within ${timeout} ms`));
      stop.abort();
    }, timeout);
    try {
      const request = {
        namespace,
        user,
        role,
        door,
        server,
        place,
        content: shown,
        at: now(),
        ...(message !== undefined && { message }),
      };
      return await Promise.race([moderator.judge(request, stop.signal), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A change that could not have been sent by a client is no verdict: throws. */
  function apply(verdict: Verdict, content: Content): Judged {
    if (verdict.verdict === 'pass') return { content };
    if (verdict.verdict === 'refuse') {
      const reason = cleanName(verdict.reason).slice(0, MAX_REASON_LENGTH).toWellFormed();
      return { refusal: new ChatError('permission_denied', reason === '' ? 'This may not be said here.' : reason) };
    }
    return { content: withWords(content, verdict.text, limits) };
  }

  async function judge(utterance: Utterance): Promise<Judged> {
    const { content } = utterance;
    if (!mayAsk()) return otherwise(content);
    const isTrial = failures >= MAX_FAILURES;
    if (isTrial) isTrying = true;
    underWay += 1;
    try {
      const verdict = await ask(utterance);
      const judged = apply(verdict, content);
      succeeded();
      meter.judged(verdict.verdict);
      return judged;
    } catch (cause) {
      failed(cause);
      return otherwise(content);
    } finally {
      underWay -= 1;
      if (isTrial) isTrying = false;
    }
  }

  async function judgeOnce(utterance: Utterance): Promise<Judged> {
    const { key, content, actor } = utterance;
    if (key === undefined) return judge(utterance);
    const name = `${actor.user}/${actor.namespace}/${hash('sha256', JSON.stringify([key, content]), 'base64url')}`;
    const known = remembered.get(name);
    if (known !== undefined) return { content: known };
    const judged = await judge(utterance);
    if ('content' in judged) remembered.set(name, judged.content);
    return judged;
  }

  return {
    covers: ({ server }) => everybody || !server,
    pass(utterance, store) {
      const { actor, place, message } = utterance;
      const lane = `${actor.user}/${actor.namespace}/${message ?? ''}/${place.conversation ?? ''}/${place.peer ?? ''}`;
      const judging = judgeOnce(utterance);
      const before = lanes.get(lane) ?? Promise.resolve();
      const done = before.then(async () => {
        const judged = await judging;
        if ('refusal' in judged) throw judged.refusal;
        // The time in which the verdict was waited for may have changed that.
        restrictions.checkVoice(actor);
        return store(judged.content);
      });
      const over = done.then(
        () => undefined,
        () => undefined,
      );
      lanes.set(lane, over);
      void over.then(() => {
        if (lanes.get(lane) === over) lanes.delete(lane);
      });
      return done;
    },
    async idle() {
      while (lanes.size > 0) await Promise.all(lanes.values());
    },
  };
}

/** The content with other words: those of a text, or the caption of a file, which an empty one takes away. */
function withWords(content: Content, text: string, limits: Limits): Content {
  if (content.location !== undefined) throw new Error('the moderation hook gave words to a location');
  const { text: _, ...rest } = content;
  const changed = rest.resource !== undefined && text === '' ? rest : { ...rest, text };
  checkContent(changed, limits);
  return changed;
}
