/** The contract of sinks over a file: its folder is what goes away and comes back, its disk what hangs. */
import { mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Envelope } from '../../../src/feed/index.ts';
import { createFileSink } from '../../../src/sinks/file.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { Gate } from '../../support/gate.ts';
import { sinkContract } from './sink-contract.ts';
import type { OtherSide } from './sink-contract.ts';

sinkContract({ name: 'file', start: startDisk });

async function startDisk(): Promise<OtherSide> {
  const root = await mkdtemp(join(tmpdir(), 'switchboard-file-'));
  const folder = join(root, 'events');
  await mkdir(folder);
  const gate = new Gate();
  const path = join(folder, 'events.jsonl');
  const openSlowly: typeof open = async (...args) => {
    await gate.passed();
    const handle = await open(...args);
    return slowed(handle, gate);
  };
  let opened: Promise<unknown> = Promise.resolve();
  return {
    open({ timeout }) {
      const made = createFileSink({ path, maxBytes: 1024 ** 4, keep: 1, timeout, openFile: openSlowly });
      opened = made;
      return eventually(made);
    },
    async received() {
      const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Envelope);
    },
    async stop() {
      // A file that is not there at the start is no outage.
      await opened;
      await rename(folder, `${folder}-gone`);
    },
    start: () => rename(`${folder}-gone`, folder),
    hang: () => gate.shut(),
    resume: () => gate.open(),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
}

/** A handle that writes when the gate is open. */
function slowed(handle: FileHandle, gate: Gate): FileHandle {
  const append = handle.appendFile.bind(handle);
  handle.appendFile = async (...args) => {
    await gate.passed();
    return append(...args);
  };
  return handle;
}

/** The suite opens a sink and uses it in one turn. */
function eventually(made: Promise<Sink>): Sink {
  return {
    name: 'file',
    batch: 500,
    lanes: 1,
    wants: () => true,
    deliver: async (events, signal) => (await made).deliver(events, signal),
    close: async () => (await made).close(),
  };
}
