/**
 * A set that is small for most who have one: a list up to some, an ordinary set beyond. There may be a hundred thousand of them, for users who
 * are in a handful of conversations, and chats that two people hear; the smallest `Set` takes two hundred bytes.
 */

/** Looking through so many costs about what hashing does. */
const MAX_LISTED = 16;

/** It keeps the order in which its members came. */
export class Few<T> implements Iterable<T> {
  #members: T[] | Set<T>;

  constructor(members: readonly T[]) {
    const distinct = new Set(members);
    this.#members = distinct.size > MAX_LISTED ? distinct : [...distinct];
  }

  get size(): number {
    return this.#members instanceof Set ? this.#members.size : this.#members.length;
  }

  has(member: T): boolean {
    return this.#members instanceof Set ? this.#members.has(member) : this.#members.includes(member);
  }

  add(member: T): void {
    if (this.has(member)) return;
    if (this.#members instanceof Set) this.#members.add(member);
    // A list that is pushed to takes room for sixteen more at once.
    else if (this.#members.length < MAX_LISTED) this.#members = [...this.#members, member];
    else this.#members = new Set(this.#members).add(member);
  }

  /** Returns whether it was there. */
  delete(member: T): boolean {
    if (this.#members instanceof Set) return this.#members.delete(member);
    const before = this.#members.length;
    this.#members = this.#members.filter((other) => other !== member);
    return this.#members.length < before;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#members.values();
  }
}
