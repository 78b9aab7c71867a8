/** A map that remembers a bounded number of entries and forgets the oldest written first. */
export interface Recent<K, V> {
  get(key: K): V | undefined;
  /** Remembers and returns the value. */
  set(key: K, value: V): V;
  delete(key: K): void;
  readonly size: number;
}

export function createRecent<K, V>(size: number): Recent<K, V> {
  const entries = new Map<K, V>();
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      if (entries.size >= size && !entries.has(key)) {
        for (const oldest of entries.keys()) {
          entries.delete(oldest);
          break;
        }
      }
      entries.set(key, value);
      return value;
    },
    delete(key) {
      entries.delete(key);
    },
    get size() {
      return entries.size;
    },
  };
}
