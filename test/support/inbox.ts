/** What has come and was not taken yet, in order; whoever waits gets the next. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  #over: Error | undefined;

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const first = this.#waiting.shift();
    if (first === undefined) this.#items.push(item);
    else first.resolve(item);
  }

  /** The next item; rejects when none is left and none will come. */
  next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const waiting = Promise.withResolvers<T>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  async take(count: number): Promise<T[]> {
    const items: T[] = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }

  /** What is here now. */
  drain(): T[] {
    return this.#items.splice(0);
  }

  /** Nothing more will come. */
  end(reason: Error): void {
    this.#over ??= reason;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#over);
  }
}
