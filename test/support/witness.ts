/** Two users who talk while others misbehave: what they say must arrive, nothing else may, and the server must have nothing to be sorry for. */
import { expect } from 'vitest';
import { webSocketText } from './clients/carriers.ts';
import { Category } from './clients/stream-frame.ts';
import type { TestServer } from './server.ts';
import { StreamPeer } from './stream-peer.ts';

export interface Witness {
  readonly one: number;
  readonly two: number;
  /** A group of the two. */
  readonly group: number;
  /** A text goes through, live, on connections that were open all the time. */
  unharmed(): Promise<void>;
  /** All that is stored for the two is what they said themselves, and no error was logged. */
  untouched(): Promise<void>;
}

export async function createWitness(server: TestServer): Promise<Witness> {
  const [one, two] = await server.newUsers(2);
  const group = await server.group([one, two]);
  const speaker = await StreamPeer.connect(webSocketText, server, one);
  const listener = await StreamPeer.connect(webSocketText, server, two);
  const said: string[] = [];
  return {
    one,
    two,
    group,
    async unharmed() {
      const text = `${said.length}: still here`;
      await speaker.send({ group }, text);
      expect((await listener.nextPush()).text?.content).toBe(text);
      said.push(text);
    },
    async untouched() {
      const reader = await StreamPeer.connect(webSocketText, server, two);
      const { posts } = await reader.sync([{ category: Category.GROUP }, { category: Category.PRIVATE }]);
      expect(posts.map(({ text }) => text?.content)).toEqual(said);
      await reader.close();
      expect(listener.pushes.size).toBe(0);
      expect(speaker.pushes.size).toBe(0);
      expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
    },
  };
}
