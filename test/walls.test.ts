/** The walls between rooms, the ban on cycles and the house's own lint rules, each on code that breaks it. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const project = dirname(import.meta.dirname);

/** Lints these files (path to lines) as if they were the project's, and returns what was found as `path:line rule`. */
async function lint(files: Record<string, readonly string[]>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'switchboard-walls-'));
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json', 'scripts/walls.mjs']) {
    cpSync(join(project, name), join(root, name));
  }
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
  for (const [path, lines] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${lines.join('\n')}\n`);
  }
  const report = await new Promise<string>((resolve) => {
    const oxlint = join(project, 'node_modules/oxlint/bin/oxlint');
    execFile(process.execPath, [oxlint, '--format=json', '.'], { cwd: root }, (_error, stdout) => resolve(stdout));
  });
  rmSync(root, { recursive: true });
  const { diagnostics } = JSON.parse(report) as {
    diagnostics: { code: string; filename: string; labels: { span: { line: number } }[] }[];
  };
  return diagnostics.map(({ code, filename, labels }) => `${filename}:${labels[0]?.span.line} ${code}`);
}

/** Statements by file: those its room may hold, and those it may not. */
const samples: Record<string, { allowed: string[]; forbidden: string[] }> = {
  'src/core/actions/send-message.ts': {
    allowed: [`import '../hub.ts'`, `import 'node:events'`, `import 'crypto'`, `import 'node:timers/promises'`],
    forbidden: [
      `import '../../stores/sqlite.ts'`,
      `import type { Store } from '../../stores/sqlite.ts'`,
      `export * from '../../doors/door.ts'`,
      `export type { Config } from '../../config.ts'`,
      `export const late = () => import('../../buses/local.ts')`,
      `export type Frame = import('../../grpc/index.ts').Frame`,
      `export const computed = (name: string) => import(name)`,
      `import '../hub.test.ts'`,
      `import '../../../test/support/clock.ts'`,
      `import 'node:fs'`,
      `import 'fs/promises'`,
      `import 'node:net'`,
      `import 'node:http'`,
      `import 'node:sqlite'`,
      `import 'node:module'`,
      `import 'ws'`,
      `import type { Static } from 'typebox'`,
      `import 'switchboard'`,
      `import 'file:///etc/passwd'`,
      `import '/etc/passwd'`,
    ],
  },
  'src/protobuf/codec.ts': {
    allowed: [`import './gen/chat_pb.js'`, `import '@bufbuild/protobuf/wkt'`],
    forbidden: [`import '../core/index.ts'`, `import '../grpc/index.ts'`, `import 'node:net'`, `import 'fastify'`],
  },
  'src/grpc/server.ts': {
    allowed: [`import './framing.ts'`, `import '../protobuf/index.ts'`, `import '@bufbuild/protobuf'`, `import 'node:http2'`],
    forbidden: [`import '../protobuf/codec.ts'`, `import type { Id } from '../core/index.ts'`, `import 'ws'`],
  },
  'src/api/operation.ts': {
    allowed: [
      `import './schema.ts'`,
      `import '../core/index.ts'`,
      `import '@fastify/swagger'`,
      `import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'`,
      `import 'fastify'`,
      `import 'typebox'`,
    ],
    forbidden: [
      `import '../core/policy.ts'`,
      `import '../doors/door.ts'`,
      `import type { Message } from '../doors/management/wire.ts'`,
      `import '../grpc/index.ts'`,
      `import 'ws'`,
    ],
  },
  'src/doors/door.ts': {
    allowed: [
      `import type { Api } from '../api/index.ts'`,
      `import '../core/index.ts'`,
      `import '../grpc/index.ts'`,
      `import type { Message } from '../protobuf/index.ts'`,
      `import type { FastifyInstance } from 'fastify'`,
      `import './outbox.ts'`,
    ],
    forbidden: [
      `import './stream/index.ts'`,
      `import '../api/index.ts'`,
      `import type { Routes } from '../api/operation.ts'`,
      `import '../protobuf/index.ts'`,
      `import { type Message as M } from '../protobuf/index.ts'`,
      `import 'fastify'`,
      `import '../core/hub.ts'`,
    ],
  },
  'src/doors/stream/codec.ts': {
    allowed: [
      `import './wire.ts'`,
      `import '../door.ts'`,
      `import '../outbox.ts'`,
      `import '../../api/index.ts'`,
      `import '../../core/index.ts'`,
      `import '../../grpc/index.ts'`,
      `import '../../protobuf/index.ts'`,
      `import 'ws'`,
    ],
    forbidden: [
      `import '../messenger/codec.ts'`,
      `import type { Frame } from '../messenger/wire.ts'`,
      `import '../streams/index.ts'`,
      `import '../../api/schema.ts'`,
      `import '@fastify/swagger'`,
      `import '../../core/hub.ts'`,
      `import '../../stores/sqlite.ts'`,
      `import '../../auth/tokens.ts'`,
      `import '../../config.ts'`,
      `import '../../compose.ts'`,
      `import 'node:sqlite'`,
    ],
  },
  'src/stores/sql/queries.ts': {
    allowed: [`import '../sqlite.ts'`, `import '../../core/index.ts'`, `import 'node:sqlite'`, `import 'node:worker_threads'`],
    forbidden: [`import '../../core/ports.ts'`, `import '../../buses/local.ts'`, `import '../../doors/door.ts'`, `import 'ws'`],
  },
  'src/buses/local.ts': {
    allowed: [`import './presence.ts'`, `import '../core/index.ts'`],
    forbidden: [`import '../sinks/relay.ts'`, `import '../stores/sqlite.ts'`, `import 'node:sqlite'`, `import 'fastify'`],
  },
  'src/sinks/webhook.ts': {
    allowed: [`import './relay.ts'`, `import '../core/index.ts'`, `import 'node:https'`],
    forbidden: [`import '../buses/local.ts'`, `import '../doors/door.ts'`, `import '../config.ts'`, `import 'jose'`],
  },
  'src/media/disk.ts': {
    allowed: [`import './uploads.ts'`, `import '../core/index.ts'`, `import 'node:fs'`],
    forbidden: [`import '../stores/sqlite.ts'`, `import '../doors/support/wire.ts'`, `import 'fastify'`],
  },
  'src/auth/tokens.ts': {
    allowed: [`import './passwords.ts'`, `import '../core/index.ts'`, `import 'jose'`, `import '@node-rs/argon2'`],
    forbidden: [`import '../config.ts'`, `import '../stores/sqlite.ts'`, `import 'fastify'`],
  },
  'src/cli/token.ts': {
    allowed: [`import '../config.ts'`, `import '../auth/tokens.ts'`, `import '../core/index.ts'`, `import 'jose'`],
    forbidden: [`import '../../test/support/clock.ts'`, `import '../../scripts/walls.mjs'`],
  },
  'src/doors/outbox.ts': {
    allowed: [`import '../core/index.ts'`, `import 'node:net'`],
    forbidden: [`import './stream/index.ts'`, `import type { Frame } from './stream/wire.ts'`, `import '../config.ts'`],
  },
  'src/config/options.ts': {
    allowed: [`import './values.ts'`, `import '../core/index.ts'`, `import 'node:fs'`],
    forbidden: [`import '../config.ts'`, `import '../core/limits.ts'`, `import '../auth/tokens.ts'`, `import 'fastify'`],
  },
  'src/metrics.ts': {
    allowed: [`import './core/index.ts'`, `import type { GrpcObservation } from './grpc/index.ts'`, `import 'prom-client'`],
    forbidden: [`import './grpc/index.ts'`, `import './listener.ts'`, `import './config.ts'`, `import 'fastify'`],
  },
  'src/config.ts': {
    allowed: [`import './config/options.ts'`, `import './core/index.ts'`, `import 'node:util'`, `import 'typebox'`],
    forbidden: [`import './core/model.ts'`, `import './listener.ts'`, `import './auth/tokens.ts'`, `import 'fastify'`],
  },
  'src/listener.ts': {
    allowed: [
      `import './core/index.ts'`,
      `import './doors/door.ts'`,
      `import './grpc/index.ts'`,
      `import type { Config } from './config.ts'`,
      `import 'fastify'`,
    ],
    forbidden: [
      `import './config.ts'`,
      `import './api/index.ts'`,
      `import './doors/stream/index.ts'`,
      `import './stores/sqlite.ts'`,
      `import './compose.ts'`,
    ],
  },
  'src/compose.ts': {
    allowed: [
      `import './api/index.ts'`,
      `import './stores/sqlite.ts'`,
      `import './doors/stream/index.ts'`,
      `import './listener.ts'`,
      `import 'pino'`,
    ],
    forbidden: [`import './main.ts'`, `import './cli/token.ts'`, `import '../test/support/clock.ts'`],
  },
  'src/main.ts': {
    allowed: [`import './compose.ts'`, `import './config.ts'`, `import './cli/token.ts'`],
    forbidden: [`import './listener.ts'`, `import './stores/sqlite.ts'`, `import './doors/stream/index.ts'`],
  },
  'src/utils/strings.ts': { allowed: [], forbidden: [`import 'node:util'`] },
  'src/other.ts': { allowed: [], forbidden: [`export * from './core/index.ts'`] },
  'src/core/hub.test.ts': {
    allowed: [
      `import './hub.ts'`,
      `import 'vitest'`,
      `import 'node:fs'`,
      `import '../../test/support/clock.ts'`,
      `import '../stores/sqlite.ts'`,
    ],
    forbidden: [`import '../stores/sqlite/database.ts'`, `import './committer.test.ts'`],
  },
  'src/config.test.ts': { allowed: [`import './config.ts'`], forbidden: [`import './listener.ts'`] },
  'web/messenger/client.ts': {
    allowed: [
      `import './view.ts'`,
      `import '../shared/api.ts'`,
      `import type { Frame } from '../../src/doors/messenger/wire.ts'`,
    ],
    forbidden: [
      `import '../../src/doors/messenger/wire.ts'`,
      `import type { Codec } from '../../src/doors/messenger/codec.ts'`,
      `import type { Id } from '../../src/core/index.ts'`,
    ],
  },
  'test/contracts/store.contract.ts': {
    allowed: [`import '../../src/stores/sqlite.ts'`, `import '../../src/core/hub.ts'`, `import 'node:sqlite'`],
    forbidden: [],
  },
};

describe('walls', () => {
  let found: string[];
  beforeAll(async () => {
    const files = Object.entries(samples).map(([file, { allowed, forbidden }]) => [file, [...allowed, ...forbidden]]);
    found = await lint(Object.fromEntries(files));
  });

  it.each(Object.entries(samples))('hold around %s', (file, { allowed, forbidden }) => {
    const stopped = (_: string, index: number) => found.includes(`${file}:${index + 1} house(walls)`);
    expect([...allowed, ...forbidden].filter(stopped)).toEqual(forbidden);
  });
});

it('finds cycles, those of types included', async () => {
  const found = await lint({
    'src/core/a.ts': [`export { b } from './b.ts';`],
    'src/core/b.ts': [`export { a } from './c.ts';`],
    'src/core/c.ts': [`export { b as a } from './a.ts';`],
    'src/core/one.ts': [`import type { Two } from './two.ts';`, `export type One = Two[];`],
    'src/core/two.ts': [`import type { One } from './one.ts';`, `export type Two = One[];`],
  });
  const cyclic = found.filter((entry) => entry.endsWith('import(no-cycle)')).map((entry) => entry.split(':')[0]);
  expect(new Set(cyclic)).toEqual(new Set(['a', 'b', 'c', 'one', 'two'].map((name) => `src/core/${name}.ts`)));
});

it('keeps the rules of the house in src', async () => {
  const broken = {
    'typescript(no-explicit-any)': `export const any = (value: any): unknown => value;`,
    'typescript(no-unsafe-return)': `export const parsed = (text: string): string => JSON.parse(text);`,
    'typescript(no-non-null-assertion)': `export const first = (list: string[]): string => list[0]!;`,
    'typescript(consistent-type-assertions)': `export const cast = (value: unknown): string => value as string;`,
    'typescript(no-floating-promises)': `export const forget = (work: () => Promise<void>): void => { work(); };`,
    'eslint(no-console)': `export const say = (): void => console.log('said');`,
    'eslint(no-restricted-globals)': `export const get = (): Promise<unknown> => fetch('http://127.0.0.1');`,
    'eslint(no-warning-comments)': ['// TO', 'DO later'].join(''),
    'import(no-default-export)': `export default 1;`,
  };
  const found = await lint({
    'src/core/broken.ts': Object.values(broken),
    'src/core/BadName.ts': [`export const kind = ['as', 'const'] as const;`],
    'src/core/long.ts': Array.from({ length: 401 }, (_, line) => `export const line${line} = ${line};`),
    'src/auth/home.ts': [`export const home = (): unknown => process.env['HOME'];`],
    'src/doors/stream/wire.ts': [`export const cast = (value: unknown): string => value as string;`],
  });
  expect(found.toSorted()).toEqual(
    [
      ...Object.keys(broken).map((rule, index) => `src/core/broken.ts:${index + 1} ${rule}`),
      'src/auth/home.ts:1 node(no-process-env)',
      'src/core/BadName.ts:1 unicorn(filename-case)',
      'src/core/long.ts:401 eslint(max-lines)',
    ].toSorted(),
  );
});
