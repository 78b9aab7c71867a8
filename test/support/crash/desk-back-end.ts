/**
 * A back end of the desk: pushes messages under ids of its own and changes them, each call again until it is answered, and makes chats that
 * two operators want at the same moment.
 */
import { randomUUID } from 'node:crypto';
import { callDesk } from '../clients/support.ts';
import type { BackEndAnswer } from '../clients/support.ts';
import type { Random } from './random.ts';

/** Whether the server has been asked, and whether it has said that it did. */
type Asked = 'no' | 'asked' | 'done';

export interface Pushed {
  readonly id: number;
  readonly type: string;
  readonly role: string;
  readonly chat: { readonly uuid: string };
  readonly user: object;
  /** Whether the server has said that it has it. */
  stored: boolean;
  edited: Asked;
}

export interface Wanted {
  readonly uuid: string;
  /** Who has it, as somebody was told; 0: nobody was told anything. */
  owner: number;
  /** Who asked for it. */
  readonly askers: Set<number>;
  closed: Asked;
}

/** What is pushed, and the role that it is for. */
const ROLES = {
  standard: 'user',
  bot: 'user',
  note: 'operator',
  'system for users': 'user',
  'system for operators': 'operator',
} as const;
type Kind = keyof typeof ROLES;
const KINDS: readonly Kind[] = ['standard', 'bot', 'note', 'system for users', 'system for operators'];

/** Ids of a back end are small; ours are not. */
const FIRST_ID = 1_000;

export const textOf = ({ id, role, type }: Pushed): string => `push ${id}: a ${type} for ${role}`;
export const editedTextOf = (pushed: Pushed): string => `${textOf(pushed)}, edited`;

export interface BackEndOptions {
  readonly source: string;
  /** Chats that messages are pushed to, and their clients. */
  readonly chats: ReadonlyMap<string, number>;
  readonly operators: readonly number[];
  /** Clients of the chats that are made. */
  readonly newcomers: readonly number[];
  readonly random: Random;
}

export class DeskBackEnd {
  readonly faults: string[] = [];
  readonly pushed: Pushed[] = [];
  readonly wanted: Wanted[] = [];
  readonly #options: BackEndOptions;

  constructor(options: BackEndOptions) {
    this.#options = options;
  }

  /** What was pushed under an id. */
  find(id: number): Pushed | undefined {
    return this.pushed[id - FIRST_ID];
  }

  /** Pushes until a call finds no server. */
  async push(url: string): Promise<void> {
    for (let alive = true; alive;) alive = await this.#pushOne(url, this.#next());
  }

  /** Makes chats that operators take, until a call finds no server. */
  async offer(url: string): Promise<void> {
    const { operators, random } = this.#options;
    for (let alive = true; alive;) {
      const chat = await this.give(url, operators);
      alive = chat !== undefined && (random.below(3) > 0 || (await this.#close(url, chat)));
    }
  }

  /** Says again what was not answered; whether everything is answered. */
  async settle(url: string): Promise<boolean> {
    let isDone = true;
    for (const one of this.pushed) if (!one.stored) isDone = (await this.#pushOne(url, one)) && isDone;
    const { operators } = this.#options;
    for (const chat of this.wanted) if (chat.owner === 0) isDone = (await this.#take(url, chat, operators)) && isDone;
    return isDone;
  }

  /** A last message in a chat; the id that it has. */
  async last(url: string, uuid: string): Promise<number> {
    const pushed = this.#begin('bot', { uuid, client: { id: this.#options.chats.get(uuid), role: 'user' } });
    await this.#store(url, pushed);
    return pushed.id;
  }

  #next(): Pushed {
    const { random, chats } = this.#options;
    const [uuid, client] = random.pick([...chats]);
    return this.#begin(random.pick(KINDS), { uuid, client: { id: client, role: 'user' } });
  }

  #begin(kind: Kind, { uuid, client }: { readonly uuid: string; readonly client: object }): Pushed {
    const { operators, source } = this.#options;
    const type = kind.startsWith('system') ? 'system' : kind;
    const user = kind === 'standard' ? client : { id: operators[0], role: 'operator' };
    const chat = { uuid, widget: { source }, owner_user: client };
    const pushed: Pushed = {
      id: FIRST_ID + this.pushed.length,
      type,
      role: ROLES[kind],
      chat,
      user,
      stored: false,
      edited: 'no',
    };
    this.pushed.push(pushed);
    return pushed;
  }

  async #pushOne(url: string, pushed: Pushed): Promise<boolean> {
    const { id } = pushed;
    const { random } = this.#options;
    if (!(await this.#store(url, pushed))) return false;
    // Once more, as a back end does that has not heard the answer.
    if (random.below(3) === 0 && !(await this.#store(url, pushed))) return false;
    if (random.below(3) > 0) return true;
    pushed.edited = 'asked';
    if (!(await this.#ask(url, 'PATCH', '/message', { id, text: editedTextOf(pushed), status: 'read' }))) return false;
    pushed.edited = 'done';
    return true;
  }

  async #store(url: string, pushed: Pushed): Promise<boolean> {
    const { id, type, role, chat, user } = pushed;
    const body = { id, type, type_role: role, text: textOf(pushed), chat, user };
    const isAnswered = await this.#ask(url, 'POST', '/message', body);
    if (isAnswered) pushed.stored = true;
    return isAnswered;
  }

  /** False: there was no answer. */
  async #ask(url: string, method: string, path: string, body: object): Promise<boolean> {
    const answer = await ask(url, method, path, body);
    if (answer !== undefined && answer.status !== 200) {
      this.faults.push(`${method} ${path} ${JSON.stringify(body)} was answered ${JSON.stringify(answer)}`);
    }
    return answer !== undefined;
  }

  /** Makes a chat that these operators take; undefined: not everything was answered. */
  async give(url: string, operators: readonly number[]): Promise<Wanted | undefined> {
    const { newcomers } = this.#options;
    const client = { id: newcomers[this.wanted.length % newcomers.length], role: 'user' };
    const chat: Wanted = { uuid: randomUUID(), owner: 0, askers: new Set(), closed: 'no' };
    const pushed = this.#begin('standard', { uuid: chat.uuid, client });
    if (!(await this.#store(url, pushed))) return undefined;
    this.wanted.push(chat);
    return (await this.#take(url, chat, operators)) ? chat : undefined;
  }

  async #take(url: string, chat: Wanted, operators: readonly number[]): Promise<boolean> {
    const answers = await Promise.all(operators.map((operator) => this.#takeFor(url, chat, operator)));
    if (answers.filter((answer) => answer?.status === 200).length > 1) this.faults.push(`${chat.uuid} was given to several`);
    return answers.every((answer) => answer !== undefined);
  }

  async #takeFor(url: string, chat: Wanted, operator: number): Promise<BackEndAnswer | undefined> {
    chat.askers.add(operator);
    const answer = await ask(url, 'POST', `/api/desk/chats/${chat.uuid}/take`, {}, operator);
    if (answer === undefined) return undefined;
    const owner = answer.status === 200 ? operator : Number(answer.body.error?.fields?.operator ?? 0);
    if ((answer.status !== 200 && answer.status !== 409) || owner === 0)
      this.faults.push(`${operator} takes ${chat.uuid}: ${JSON.stringify(answer)}`);
    if (chat.owner !== 0 && chat.owner !== owner) this.faults.push(`${chat.uuid} is said to be of ${chat.owner} and of ${owner}`);
    chat.owner = owner;
    return answer;
  }

  async #close(url: string, chat: Wanted): Promise<boolean> {
    chat.closed = 'asked';
    const answer = await ask(url, 'POST', `/api/desk/chats/${chat.uuid}/close`, {}, chat.owner);
    if (answer === undefined) return false;
    if (answer.status === 200) chat.closed = 'done';
    else this.faults.push(`closing ${chat.uuid} was answered ${JSON.stringify(answer)}`);
    return true;
  }
}

/** Undefined: no answer came, or that the server cannot at the moment; it may have done it. */
async function ask(url: string, method: string, path: string, body?: object, as?: number): Promise<BackEndAnswer | undefined> {
  const headers = as === undefined ? {} : { 'x-on-behalf-of': String(as) };
  const answer = await callDesk(url, method, path, body, headers).catch(() => undefined);
  return answer?.status === 503 ? undefined : answer;
}
