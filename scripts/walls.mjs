/**
 * The walls between the rooms of the house (design.md, "Arrows"), as a lint rule: every import, re-export, dynamic import and
 * type import of a file in `src/` or `web/` must be allowed by the row of its room below. A file without a row fails, so a new
 * room states its arrows before it has any. The linter loads this file as a plugin (`jsPlugins` in .oxlintrc.json) and adds
 * `import/no-cycle`, which forbids cycles, those of types included.
 */
import { builtinModules, isBuiltin } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Built-in modules that do no input or output: all that a pure room may use. */
const pure = ['buffer', 'crypto', 'events', 'perf_hooks', 'timers', 'timers/promises', 'url', 'util'].map(
  (name) => `node:${name}`,
);

/** Every built-in module, except the database, which belongs to the stores, and `node:module`, which can import around the walls. */
const io = builtinModules
  .map((name) => (name.startsWith('node:') ? name : `node:${name}`))
  .filter((name) => name !== 'node:sqlite' && name !== 'node:module');

const api = 'src/api/index.ts';
const core = 'src/core/index.ts';
const feed = 'src/feed/index.ts';
const grpc = 'src/grpc/index.ts';
const protobuf = 'src/protobuf/index.ts';
/** `door.ts`, the seam, and what doors share besides. */
const shared = 'src/doors/*.ts';

/**
 * One row per room, the first that matches a file is its row.
 * `room`: a file, or a folder with all in it; `*` stands for one name. A room always sees itself.
 * `sees`: files and folders of ours. `uses`: libraries; `*` is any. `tests`: files that only tests of the room may import. `types x` allows `import type` from x and nothing more.
 */
const rooms = [
  // Its tests run it over the real store: there is no second one to keep.
  { room: 'src/core/', sees: [], uses: pure, tests: ['src/stores/sqlite.ts', 'src/buses/local.ts'] },
  // The file system for its own descriptor set, which server reflection reads once.
  { room: 'src/protobuf/', sees: [], uses: [...pure, 'node:fs', '@bufbuild/protobuf'] },
  // The foreign clients that the server's tests call it with.
  { room: 'src/grpc/testing/', sees: ['src/grpc/', protobuf], uses: ['*'] },
  { room: 'src/grpc/', sees: [protobuf], uses: [...io, '@bufbuild/protobuf'] },
  {
    room: 'src/api/',
    sees: [core],
    uses: [...io, '@fastify/swagger', '@fastify/type-provider-typebox', 'fastify', 'typebox'],
  },
  { room: shared, sees: [core, shared, grpc, `types ${api}`, `types ${protobuf}`], uses: [...io, 'types fastify', 'ws'] },
  {
    room: 'src/doors/*/',
    sees: [api, core, feed, shared, grpc, protobuf],
    uses: [...io, '@fastify/multipart', 'engine.io', 'fastify', 'socket.io', 'typebox', 'ws'],
  },
  { room: 'src/stores/', sees: [core], uses: [...io, 'node:sqlite'] },
  { room: 'src/buses/', sees: [core], uses: io },
  // The form in which events leave, for sinks and for the door that answers with them.
  { room: 'src/feed/', sees: [core], uses: [...pure, 'typebox'] },
  {
    room: 'src/sinks/',
    sees: [core, feed, protobuf],
    uses: [...io, '@bufbuild/protobuf', '@grpc/grpc-js', '@nats-io/jetstream', '@nats-io/transport-node', '@platformatic/kafka'],
  },
  { room: 'src/media/', sees: [core], uses: [...io, 'aws4fetch', 'file-type', 'sharp'] },
  // Whoever is asked before something is stored.
  { room: 'src/moderation/', sees: [core], uses: io },
  { room: 'src/auth/', sees: [core], uses: [...io, '@node-rs/argon2', 'jose'] },
  { room: 'src/cli/', sees: ['src/'], uses: ['*'] },
  { room: 'src/config/', sees: [core], uses: [...io, 'typebox'] },
  { room: 'src/config.ts', sees: [core, 'src/config/'], uses: [...io, 'typebox'] },
  { room: 'src/metrics.ts', sees: [core, `types ${grpc}`], uses: [...pure, 'prom-client'] },
  {
    room: 'src/listener.ts',
    sees: [core, 'src/doors/door.ts', 'src/listener/', grpc, 'types src/config.ts', 'types src/metrics.ts'],
    uses: [...io, 'fastify'],
  },
  { room: 'src/listener/', sees: [core, 'src/doors/door.ts'], uses: io },
  {
    room: 'src/compose.ts',
    sees: ['api', 'auth', 'buses', 'core', 'doors', 'feed', 'grpc', 'media', 'moderation', 'protobuf', 'sinks', 'stores']
      .map((folder) => `src/${folder}/`)
      .concat('src/config.ts', 'src/listener.ts', 'src/metrics.ts'),
    uses: ['*'],
  },
  { room: 'src/main.ts', sees: ['src/compose.ts', 'src/config.ts', 'src/cli/'], uses: io },
  { room: 'web/', sees: ['types src/doors/*/wire.ts'], uses: ['*'] },
];

/** The part of `file` that `pattern` covers: the file itself, a folder it lies in, or nothing. */
function covered(pattern, file) {
  const source = pattern.replace(/[.+]/g, '\\$&').replace('*', '[^/]+');
  return new RegExp(pattern.endsWith('/') ? `^${source}` : `^${source}$`).exec(file)?.[0];
}

/** Whether a list of the table allows `name`, and if only as a type. */
function allowance(list, matches) {
  if (list.some((entry) => !entry.startsWith('types ') && matches(entry))) return 'all';
  return list.some((entry) => entry.startsWith('types ') && matches(entry.slice('types '.length))) ? 'types' : 'nothing';
}

const packageName = (specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
const inProject = (path) => relative(root, path).split(sep).join('/');
const isTest = (file) => /\.test\.tsx?$/.test(file);

/**
 * What the table says of one specifier in one file: `'all'`, `'types'` or `'nothing'`. A test beside the code has its room's
 * walls towards our own files, and may use any library and what lies in `test/`; nothing imports a test.
 */
function judge(file, own, row, specifier) {
  if (specifier.startsWith('.')) {
    const target = inProject(resolve(root, dirname(file), specifier));
    if (isTest(target)) return 'nothing';
    if (target.startsWith(own)) return 'all';
    if (isTest(file) && target.startsWith('test/')) return 'all';
    if (isTest(file) && row.tests?.includes(target)) return 'all';
    return allowance(row.sees, (entry) => covered(entry, target) !== undefined);
  }
  if (/^[/#]|^(?!node:)[a-z]+:/.test(specifier) || packageName(specifier) === 'switchboard') return 'nothing';
  if (isTest(file)) return 'all';
  const library = isBuiltin(specifier) ? `node:${specifier.replace(/^node:/, '')}` : packageName(specifier);
  return allowance(row.uses, (entry) => entry === '*' || entry === library);
}

/** The message for one import, or undefined when it is allowed. `specifier` is undefined when it is computed. */
export function complaint(file, specifier, typeOnly) {
  if (!/^(src|web)\//.test(file)) return undefined;
  const subject = file.replace(/\.test(?=\.tsx?$)/, '');
  const row = rooms.find(({ room }) => covered(room, subject) !== undefined);
  if (row === undefined) return `${file} lies in no room: give it a row in scripts/walls.mjs`;
  if (specifier === undefined) return 'A computed import cannot be checked against the walls: name the module';
  const own = covered(row.room, subject);
  const verdict = judge(file, own, row, specifier);
  if (verdict === 'all' || (verdict === 'types' && typeOnly)) return undefined;
  return verdict === 'types'
    ? `${own} may import types from '${specifier}' and nothing more: write import type`
    : `${own} may not import '${specifier}' (the arrows are in scripts/walls.mjs)`;
}

const walls = {
  create(context) {
    const file = inProject(context.filename);
    const check = (node, source, typeOnly) => {
      const message = complaint(file, typeof source.value === 'string' ? source.value : undefined, typeOnly);
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source, node.importKind === 'type'),
      ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ExportNamedDeclaration: (node) => node.source && check(node, node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (node) => check(node, node.source, true),
      TSExternalModuleReference: (node) => check(node, node.expression, false),
      TSModuleDeclaration: (node) => node.id.type === 'Literal' && check(node, node.id, true),
    };
  },
};

export default { meta: { name: 'house' }, rules: { walls } };
