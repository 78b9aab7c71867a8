import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from './children.ts';
import { pinned } from './pinning.ts';
import { SERVER_NAMES } from './servers.ts';
import type { RunningServer, Wire } from './servers.ts';

export interface Latency {
  /** Milliseconds, as are the others. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What bench/load/load.c counted over the measured seconds. */
export interface LoadResult {
  readonly seconds: number;
  readonly acked: number;
  readonly delivered: number;
  /** CPU seconds, user and system, of the whole server process. */
  readonly serverCpu: number;
  /** Seconds the server's main thread was ready to run but another program had its core. */
  readonly serverWait: number;
  readonly generatorCpu: number;
  readonly delivery: Latency;
  readonly ack: Latency;
  /** Over the whole run, after everything due was awaited. All are 0 for a server that does its work. */
  readonly unacknowledged: number;
  readonly missing: number;
  readonly outOfOrder: number;
  readonly refused: number;
  readonly failed: number;
}

export interface LoadRequest {
  /** `desk`: those after the first `operators` write, and these hear it. */
  readonly kind: 'fan-out' | 'pairs' | 'desk';
  /** Message stream category: 1 private, 2 group; 3: no messages but typing, on the messenger's wire. */
  readonly category: 1 | 2 | 3;
  /** Conversation id; without meaning for pairs. */
  readonly receiver: string;
  /** Messages each sender keeps unacknowledged; without meaning when paced. */
  readonly window: number;
  /** Messages a second in all; 0 = as fast as the window allows. */
  readonly rate: number;
  readonly warmup: number;
  readonly seconds: number;
}

export interface Generator {
  run(request: LoadRequest): Promise<LoadResult>;
  /** On the messenger's wire: the chat of each client, which it joins where the clients were opened to. */
  takeChats(chats: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export interface GeneratorDeps {
  readonly children: Children;
  readonly folder: string;
  /** The compiled bench/load/load.c. */
  readonly program: string;
  /** Where a remark of the generator goes, such as the first unexpected answers. */
  readonly note: (text: string) => void;
}

export interface Clients {
  readonly wire: Wire;
  readonly firstUser: number;
  readonly count: number;
  /** gRPC streams that share one connection. */
  readonly streamsPerConnection: number;
  /** On the messenger's wire: look at the chat, and so hear of typing. */
  readonly join?: boolean;
  /** On the desk's wire: the request target of each, and how many of the first hear all chats and say nothing. */
  readonly targets?: readonly string[];
  readonly operators?: number;
}

/** Opens the clients' connections; resolves when the server has taken all of them. */
export async function openClients(server: RunningServer, clients: Clients, deps: GeneratorDeps): Promise<Generator> {
  const targets = join(mkdtempSync(join(deps.folder, 'load-')), 'targets');
  const asked =
    clients.targets ?? Array.from({ length: clients.count }, (_, i) => server.target(clients.firstUser + i, clients.wire));
  writeFileSync(targets, asked.map((target) => `${target}\n`).join(''), { mode: 0o600 });
  const options: Record<string, string | number> = {
    '--port': server.port,
    '--wire': clients.wire,
    '--targets': targets,
    '--first-user': clients.firstUser,
    '--streams': clients.streamsPerConnection,
    '--server-pid': server.pid,
    '--join': clients.join === true ? 'yes' : 'no',
    '--operators': clients.operators ?? 0,
  };
  const child = deps.children.start(pinned(1, [deps.program, ...Object.entries(options).flat().map(String)]));
  await child.readLine();
  return {
    async run({ kind, category, receiver, window, rate, warmup, seconds }) {
      child.process.stdin.write(`run ${kind} ${category} ${receiver} ${window} ${rate} ${warmup} ${seconds}\n`);
      const result = JSON.parse(await child.readLine()) as LoadResult;
      const errors = child.takeErrors();
      if (errors) deps.note(`${SERVER_NAMES[server.name]}: ${errors}`);
      return result;
    },
    async takeChats(chats) {
      const file = join(mkdtempSync(join(deps.folder, 'chats-')), 'chats');
      writeFileSync(file, chats.map((chat) => `${chat}\n`).join(''));
      child.process.stdin.write(`chats ${file}\n`);
      await child.readLine();
    },
    async stop() {
      await child.stop();
    },
  };
}
