/**
 * Conversations that come, change their members and go, one call after the other, and what must be true of them after each: an answered call has
 * happened, one whose answer was lost may have happened.
 */
import { callApi } from './api.ts';
import type { Inspected } from './inspect.ts';
import type { Random } from './random.ts';

type Certainty = 'yes' | 'no' | 'maybe';

interface Group {
  readonly id: number;
  exists: Certainty;
  readonly members: Map<number, Certainty>;
}

export interface ChurnOptions {
  readonly owner: number;
  /** Writes into the current group: always a member. */
  readonly writer: number;
  /** Added and removed again and again. */
  readonly guests: readonly number[];
  readonly random: Random;
  /** Whether the current group has had its time. */
  readonly isFull: (group: number) => boolean;
}

export class Churn {
  readonly faults: string[] = [];
  deleted = 0;
  readonly #options: ChurnOptions;
  readonly #groups = new Map<number, Group>();
  #current: Group | undefined;

  constructor(options: ChurnOptions) {
    this.#options = options;
  }

  /** The group that lives now, if there is one for certain. */
  get current(): number | undefined {
    return this.#current?.exists === 'yes' ? this.#current.id : undefined;
  }

  /** Whether a group may be gone with all its messages. */
  mayBeGone(id: number): boolean {
    const group = this.#groups.get(id);
    return group !== undefined && group.exists !== 'yes';
  }

  /** Goes on until a call finds no server. */
  async live(url: string): Promise<void> {
    for (let alive = true; alive;) alive = await this.#step(url);
  }

  async #step(url: string): Promise<boolean> {
    const group = this.#current;
    if (group?.exists !== 'yes') return this.#create(url);
    if (this.#options.isFull(group.id)) return this.#delete(url, group);
    return this.#toggle(url, group, this.#options.random.pick(this.#options.guests));
  }

  async #create(url: string): Promise<boolean> {
    const { owner, writer } = this.#options;
    const body = { kind: 'group', name: 'comes and goes', members: [String(writer)] };
    const answer = await callApi(url, { user: owner, method: 'POST', path: '/api/conversations', body });
    if (answer === undefined) return false;
    if (answer.status !== 201) this.#fault('creating a group', answer.status);
    const id = Number((answer.body as { id: string }).id);
    this.#current = { id, exists: 'yes', members: new Map([owner, writer].map((user) => [user, 'yes'])) };
    this.#groups.set(id, this.#current);
    return true;
  }

  async #toggle(url: string, group: Group, user: number): Promise<boolean> {
    const before = group.members.get(user) ?? 'no';
    const adds = before !== 'yes';
    const body = adds ? { add: [String(user)] } : { remove: [String(user)] };
    group.members.set(user, 'maybe');
    const path = `/api/conversations/${group.id}/members`;
    const answer = await callApi(url, { user: this.#options.owner, method: 'PUT', path, body });
    if (answer === undefined) return false;
    if (answer.status !== 200) this.#fault(`changing members of ${group.id}`, answer.status);
    group.members.set(user, adds ? 'yes' : 'no');
    return true;
  }

  async #delete(url: string, group: Group): Promise<boolean> {
    group.exists = 'maybe';
    const answer = await callApi(url, { user: this.#options.owner, method: 'DELETE', path: `/api/conversations/${group.id}` });
    if (answer === undefined) return false;
    if (answer.status !== 204) this.#fault(`deleting ${group.id}`, answer.status);
    group.exists = 'no';
    this.deleted += 1;
    return true;
  }

  /** Compares with what is stored; what was not certain is so from here on. */
  check({ members }: Inspected): void {
    for (const group of this.#groups.values()) {
      const stored = members.get(group.id);
      if (group.exists === 'yes' && stored === undefined) this.faults.push(`group ${group.id} was created and is not there`);
      if (group.exists === 'no' && stored !== undefined) this.faults.push(`group ${group.id} was deleted and is there`);
      if (group.exists === 'maybe') group.exists = stored === undefined ? 'no' : 'yes';
      for (const [user, certainty] of stored === undefined ? [] : group.members) {
        const isIn = stored?.has(user) === true;
        if (certainty !== 'maybe' && isIn !== (certainty === 'yes')) {
          this.faults.push(
            `${user} was ${isIn ? 'removed from' : 'added to'} group ${group.id} and ${isIn ? 'is' : 'is not'} in it`,
          );
        }
        group.members.set(user, isIn ? 'yes' : 'no');
      }
    }
  }

  #fault(what: string, status: number): void {
    this.faults.push(`${what} was answered ${status}`);
  }
}
