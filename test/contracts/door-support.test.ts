/**
 * The support desk's door under the contract of doors. Its conversations are chats of one client with operators, and a socket is bound to one of them: so
 * they are there before anybody connects, who loses the chat loses the connection, and to catch up is to connect again with `after`. Nobody blocks anybody.
 *
 * To take a message back is not in this interface. There the client acts through the core, as the same user.
 */
import { ChatError, uuidOf } from '../../src/core/index.ts';
import { DeskRoom } from '../support/clients/support-room.ts';
import type { DeskUser } from '../support/clients/support-room.ts';
import type { DeskFrame } from '../support/clients/support.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import { SendRefused, doorContract } from './door.contract.ts';
import type { DoorClient, Heard, Refusal, To } from './door.contract.ts';

const REASONS: Readonly<Record<string, Refusal>> = {
  not_found: 'missing',
  permission_denied: 'denied',
  invalid_argument: 'invalid',
  too_large: 'invalid',
  rate_limited: 'too_fast',
};

/** Of each user who has a chat: the role, and the chat's conversation. */
const seats = new WeakMap<TestServer, Map<number, { readonly role: DeskUser['role']; readonly conversation: number }>>();

/** The second is the client of the chat, all others are operators. */
async function meet(server: TestServer, users: readonly number[]): Promise<To> {
  const [, client = 0] = users;
  const { conversation } = await server.chat.desk.openChat(server.actor(client), 'lk');
  const known = seats.get(server) ?? new Map<number, { role: DeskUser['role']; conversation: number }>();
  seats.set(server, known);
  for (const user of users) {
    const role = user === client ? 'user' : 'operator';
    await server.chat.access.authenticate(tokenFor(user, { role }));
    known.set(user, { role, conversation: conversation.id });
  }
  return { group: conversation.id };
}

function toRefused(code: string, message: string): Error {
  const reason = REASONS[code];
  return reason === undefined ? new Error(`${code}: ${message}`) : new SendRefused(reason, message);
}

/** Presence and typing, and how far messages were delivered, are no part of the contract. */
function toHeard({ type, data }: DeskFrame): Heard | undefined {
  const id = String(data.message?.id);
  if (type === 'message_added') return { kind: 'message', id, user: data.message.user.id, text: data.message.text };
  if (type !== 'message_updated') return undefined;
  // A message that was taken back has lost its words; none is sent without any.
  if (data.message.text === '') return { kind: 'recall', id, user: data.message.user.id };
  return data.message.status === 'read' ? { kind: 'read', id } : undefined;
}

class Client implements DoorClient {
  readonly ended: Promise<unknown>;
  readonly #room: DeskRoom;
  readonly #server: TestServer;
  readonly #user: DeskUser;
  readonly #conversation: number;
  /** What was heard and is part of the contract. */
  #waiting: Heard[] = [];

  constructor(room: DeskRoom, server: TestServer, user: DeskUser, conversation: number) {
    this.#room = room;
    this.#server = server;
    this.#user = user;
    this.#conversation = conversation;
    this.ended = room.ended;
  }

  static async connect(server: TestServer, id: number): Promise<Client> {
    const { role, conversation } = seats.get(server)?.get(id) ?? { role: 'user', conversation: 0 };
    const query = conversation === 0 ? { source: 'own' } : { chat: uuidOf(conversation) };
    return new Client(await DeskRoom.enter(server.url, { id, role }, query), server, { id, role }, conversation);
  }

  async send(to: To, text: string, key?: string): Promise<string> {
    await this.#checkIsIn(to);
    const { type, data } = await this.#room.ask(text, key);
    if (type !== 'message_added') throw toRefused(data.code as string, data.message as string);
    return String(data.message.id);
  }

  async recall(to: To, id: string): Promise<void> {
    await this.#checkIsIn(to);
    await this.#server.chat.recallMessage(this.#server.actor(this.#user.id), Number(id)).catch((error: unknown) => {
      throw error instanceof ChatError ? toRefused(error.code, error.message) : error;
    });
  }

  async read(to: To, id: string): Promise<void> {
    await this.#checkIsIn(to);
    this.#room.say('mark_message_read', { message_id: Number(id) });
    await this.settled();
  }

  /** Another chat than the one the socket is bound to has to be entered first; so has this one by somebody who was shown out. */
  async #checkIsIn(to: To): Promise<void> {
    const conversation = 'group' in to ? to.group : 0;
    if (conversation === this.#conversation && !this.#room.isOver) return;
    const other = await DeskRoom.enter(this.#server.url, this.#user, { chat: uuidOf(conversation) });
    const end = await Promise.race([other.ended, other.settled()]);
    if (end === undefined) throw new Error('somebody was let into a chat that is not theirs');
    throw end.code === 1008 ? new SendRefused('missing', end.reason) : new Error(`${end.code} ${end.reason}`);
  }

  async next(): Promise<Heard> {
    for (;;) {
      this.#sort();
      const [first] = this.#waiting.splice(0, 1);
      if (first !== undefined) return first;
      const heard = toHeard(await this.#room.heard.next());
      if (heard !== undefined) return heard;
    }
  }

  get waiting(): number {
    this.#sort();
    return this.#waiting.length;
  }

  #sort(): void {
    this.#waiting.push(...this.#room.heard.drain().flatMap((frame) => toHeard(frame) ?? []));
  }

  async sync(to: To, after = '0'): Promise<readonly Heard[]> {
    try {
      await this.#checkIsIn(to);
    } catch (error) {
      if (error instanceof SendRefused) return [];
      throw error;
    }
    const frames = await this.#room.replay({ chat: uuidOf(this.#conversation), after });
    return frames.flatMap((frame) => toHeard(frame) ?? []);
  }

  settled(): Promise<void> {
    return this.#room.settled();
  }

  close(): Promise<unknown> {
    return this.#room.close();
  }

  drop(): void {
    this.#room.drop();
  }
}

doorContract({
  name: 'the support desk',
  lacks: ['conversations that begin with a message', 'blocking'],
  endsWithMembership: true,
  meet,
  connect: (server, user) => Client.connect(server, user),
});
