/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out because the registry at hand does not
 * have them (a mirror often has those of its own platform only). `npm ci` refuses a lockfile without them as out of step, on
 * every machine. Run it after `npm install` when that happened; on a full lockfile it changes nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

const file = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const cpus = { aarch64: 'arm64', armv7: 'arm' };
const libcs = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

const added = {};
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const known = [`${path}/node_modules/${name}`, `node_modules/${name}`].some((place) => lock.packages[place] !== undefined);
    if (!known) added[`node_modules/${name}`] = entry(name, version, dev);
  }
}

const byPath = ([one], [other]) => (one < other ? -1 : 1);
const [project, ...others] = Object.entries({ ...lock.packages, ...added });
lock.packages = Object.fromEntries([project, ...others.toSorted(byPath)]);
if (Object.keys(added).length > 0) writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
process.stdout.write(`${Object.keys(added).length} packages added\n`);

/** An entry without `integrity`, which npm fills in where it can fetch the package; the platform is read from the name. */
function entry(name, version, dev) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${name} has no exact version but ${version}`);
  const [, os, cpu, abi] = /(linux|darwin|win32|freebsd|android|openharmony)-([a-z\d]+)(?:-([a-z]+))?$/.exec(name) ?? [];
  if (os === undefined) throw new Error(`the platform of ${name} is not in its name`);
  return {
    version,
    cpu: [cpus[cpu] ?? cpu],
    ...(dev && { dev }),
    ...(os === 'linux' && libcs[abi] !== undefined && { libc: [libcs[abi]] }),
    optional: true,
    os: [os],
  };
}
