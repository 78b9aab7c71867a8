/** `switchboard start`: runs the server until it is told to stop. */
import type { Config } from '../config.ts';
import { SinkSetupError } from '../sinks/setup-error.ts';
import { MigrationError } from '../stores/sql/migration.ts';
import { DataFolderError } from '../stores/sqlite/database.ts';
import { CommandError, EXIT, JSON_OPTION } from './command.ts';
import type { Command, Io } from './command.ts';

/** What RFC 7518, section 3.2, asks of an HS256 key. */
export const STRONG_SECRET_LENGTH = 32;

export const start: Command = {
  name: 'start',
  summary: 'Run the server. When it is ready, one line on standard output says so; SIGTERM or SIGINT ends it in order.',
  options: [JSON_OPTION],
  configured: 'server',
  details: 'Example: switchboard start --port 8080 --data ./data',
  async run(io, config, args) {
    const length = config.jwt.secret?.length ?? STRONG_SECRET_LENGTH;
    if (length < STRONG_SECRET_LENGTH) {
      io.err(
        `switchboard: jwt-secret has ${length} characters and can be guessed: use ${STRONG_SECRET_LENGTH} random ones or more.`,
      );
    }
    const stop = io.stopped();
    // Loaded here: the other commands need none of it.
    const { createSwitchboard } = await import('../compose.ts');
    const server = await orExplain(config, () => createSwitchboard(config));
    try {
      if (stop.aborted) return EXIT.ok;
      const { url } = await orExplain(config, () => server.listen());
      io.out(
        args.flag('json')
          ? JSON.stringify({ ready: true, url, pid: process.pid })
          : `switchboard ready url=${url} pid=${process.pid}`,
      );
      await aborted(stop);
      return EXIT.ok;
    } finally {
      await closeInTime(io, config, () => server.close());
    }
  },
};

/** What is not closed in time is cut off: everything acknowledged is on disk long before. */
async function closeInTime(io: Io, config: Config, close: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      io.err(
        `switchboard: the drain took longer than ${config.shutdownTimeout} ms (shutdown-timeout); what was left is cut off.`,
      );
      resolve();
    }, config.shutdownTimeout);
  });
  await Promise.race([close(), late]);
  clearTimeout(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Turns what an operator can mend into one paragraph; everything else is a fault and keeps its stack. */
async function orExplain<T>(config: Config, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const words = explanation(config, cause);
    if (words === undefined) throw cause;
    throw new CommandError(EXIT.failed, words, { cause });
  }
}

function explanation(config: Config, error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof DataFolderError || error instanceof SinkSetupError) return error.message;
  if (error instanceof MigrationError) return `${error.message} The data folder is ${config.data}; nothing in it was changed.`;
  const { host, port, data } = config;
  const code = 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with --port (0 takes any free one).`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `This machine has no address ${host}. Choose another with --host: 127.0.0.1 for this machine only, 0.0.0.0 for all.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      if ('syscall' in error && error.syscall === 'listen')
        return `Port ${port} may not be opened by this user. Choose one from 1024 up with --port.`;
      return `The data folder ${data} may not be used by this user (${error.message}). Change its owner, or choose another with --data.`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `The data folder ${data} is not a folder (${error.message}). Choose another with --data.`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `The disk of the data folder ${data} is full. Make room, or choose another with --data.`;
    case 'ERR_SQLITE_ERROR':
      return `The database in ${data} cannot be opened (${error.message}). See what is wrong with: switchboard doctor --data ${data}`;
    default:
      return undefined;
  }
}
