/** A core with people of a support desk, and sessions as the desk's doors open them. */
import { onTestFinished } from 'vitest';
import type { Actor, Delivery, DeskNews, Id, Limits, Role } from '../../src/core/index.ts';
import { actorFor, openCore, recordingSession, tokenOf } from './core.ts';
import type { RecordingSession, TestCore } from './core.ts';

export const CLIENT = 7;
export const STRANGER = 8;
export const ANN = 21;
export const BEN = 22;
export const BOT = 31;

export const client = actorFor(CLIENT);
export const stranger = actorFor(STRANGER);
export const ann = actorFor(ANN, { role: 'operator' });
export const ben = actorFor(BEN, { role: 'operator' });
export const bot = actorFor(BOT, { role: 'bot' });
export const backEnd = actorFor(0, { server: true });

export interface TestDesk extends TestCore {
  readonly desk: TestCore['chat']['desk'];
  /** A session that hears only what it enters and attends. */
  bound(user: Id, role: Role): Promise<RecordingSession>;
  /** In a chat, as on `/chat`. */
  enter(user: Id, role: Role, conversation: Id): Promise<RecordingSession>;
  /** At the desk, as on `/broadcast`. */
  attend(user: Id, ...sources: readonly string[]): Promise<RecordingSession>;
  /** A chat of the client with a first word. */
  waiting(source?: string, who?: Actor): Promise<Id>;
  say(actor: Actor, conversation: Id, text: string, rest?: { note?: boolean; key?: string }): Promise<Id>;
}

export async function openDesk(limits: Partial<Limits> = {}): Promise<TestDesk> {
  const core = await openCore({ limits: { presenceGrace: 10, ...limits } });
  const { chat } = core;
  const { desk } = chat;
  const people: readonly (readonly [Id, Role])[] = [
    [CLIENT, 'user'],
    [STRANGER, 'user'],
    [ANN, 'operator'],
    [BEN, 'operator'],
    [BOT, 'bot'],
  ];
  for (const [id, role] of people) await chat.access.authenticate(tokenOf(String(id), { role, name: `User ${id}` }));

  async function bound(user: Id, role: Role): Promise<RecordingSession> {
    const session = Object.assign(recordingSession(chat, user, { actor: { role } }), { bound: true });
    await chat.openSession(session);
    onTestFinished(() => session.close());
    return session;
  }

  async function say(actor: Actor, conversation: Id, text: string, rest: { note?: boolean; key?: string } = {}): Promise<Id> {
    return (await desk.sendMessage(actor, { chat: { conversation }, text, ...rest })).message.id;
  }

  return {
    ...core,
    desk,
    bound,
    say,
    async enter(user, role, conversation) {
      const session = await bound(user, role);
      await desk.enterChat(session, { conversation });
      return session;
    },
    async attend(user, ...sources) {
      const session = await bound(user, 'operator');
      await desk.attendDesk(session, { sources, departments: [] });
      return session;
    },
    async waiting(source = 'lk', who = client) {
      const { conversation } = await desk.openChat(who, source);
      await say(who, conversation.id, 'Hello?');
      return conversation.id;
    },
  };
}

/** What the desk told, of one kind. */
export function newsIn<K extends DeskNews['kind']>(deliveries: readonly Delivery[], kind: K): Extract<DeskNews, { kind: K }>[] {
  return deliveries.flatMap((delivery) => (delivery.type === 'desk' && isKind(delivery.news, kind) ? [delivery.news] : []));
}

function isKind<K extends DeskNews['kind']>(news: DeskNews, kind: K): news is Extract<DeskNews, { kind: K }> {
  return news.kind === kind;
}
