/** Which chat of the messenger is which place: private chats have ids there like all others. */
import { callApi } from './api.ts';
import { keyOf, privateKey } from './places.ts';
import type { Place } from './places.ts';

interface ChatJson {
  readonly id: string;
  readonly isGroup: boolean;
  readonly users: readonly { readonly userId: string }[];
}

export class Chats {
  readonly #keys = new Map<string, string>();
  readonly #ids = new Map<string, string>();

  /** The name of the chat's place (places.ts); undefined while nobody has asked the server for it. */
  key(chatId: string): string | undefined {
    return this.#keys.get(chatId);
  }

  /** The chat at a place; undefined while it is not known. */
  id(place: Place, user: number): string | undefined {
    return this.#ids.get(keyOf(place, user));
  }

  /** A group, channel or room. */
  name(id: number): void {
    this.#learn(String(id), String(id));
  }

  /** Ids of the chats that a user has; undefined: there was no answer. */
  async list(url: string, user: number): Promise<string[] | undefined> {
    const answer = await callApi(url, { user, method: 'GET', path: '/api/chats' });
    if (answer?.status !== 200) return undefined;
    const chats = answer.body as ChatJson[];
    for (const chat of chats) this.#take(chat);
    return chats.map(({ id }) => id);
  }

  /** Asks what a chat is; whether there was an answer. */
  async ask(url: string, user: number, chatId: string): Promise<boolean> {
    const answer = await callApi(url, { user, method: 'GET', path: `/api/chats/${chatId}` });
    if (answer?.status === 200) this.#take(answer.body as ChatJson);
    return answer !== undefined && answer.status !== 503;
  }

  /** The chat at a place, which is opened if it is a private one that is not there; undefined: there was no answer, or a refusal. */
  async open(url: string, user: number, place: Place): Promise<string | undefined> {
    const known = this.id(place, user);
    if (known !== undefined) return known;
    const body = { userIds: [String(place.receiver)] };
    const answer = await callApi(url, { user, method: 'POST', path: '/api/chats', body });
    if (answer !== undefined && answer.status < 300) this.#take(answer.body as ChatJson);
    return this.id(place, user);
  }

  #take({ id, isGroup, users }: ChatJson): void {
    const [one = 0, other = one] = users.map(({ userId }) => Number(userId));
    this.#learn(id, isGroup ? id : privateKey(one, other));
  }

  #learn(id: string, key: string): void {
    this.#keys.set(id, key);
    this.#ids.set(key, id);
  }
}
