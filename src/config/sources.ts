/** Where options are written: the command line goes before the environment, that before the file, that before the default. */
import { readFileSync } from 'node:fs';
import { nearest } from './nearest.ts';
import { OPTION_LIST } from './options.ts';
import type { Option } from './options.ts';

export interface Given {
  /** By option name, without dashes in front. */
  readonly options: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A text that somebody wrote for an option. */
export interface Written {
  readonly text: string;
  readonly place: 'command line' | 'environment' | 'file';
  /** `--port`, `SWITCHBOARD_PORT`, `"port" in switchboard.json`. */
  readonly where: string;
}

const PREFIX = 'SWITCHBOARD_';

export const variableOf = (name: string): string => PREFIX + name.toUpperCase().replaceAll('-', '_');

/** Everything written, strongest place first for each option. Names nobody knows are added to `problems`. */
export function gather(given: Given, problems: string[]): ReadonlyMap<string, Written> {
  const written = new Map<string, Written>();
  for (const [key, text] of Object.entries(given.options))
    take(written, problems, key, { text, place: 'command line', where: `--${key}` });
  for (const [variable, text] of Object.entries(given.env)) {
    // In capitals on every system: Windows keeps the spelling of whoever set it.
    const name = variable.toUpperCase();
    if (text === undefined || !name.startsWith(PREFIX)) continue;
    take(written, problems, name.slice(PREFIX.length), { text, place: 'environment', where: variable });
  }
  if (given.env[`${PREFIX}SERVICE_HOST`] !== undefined) {
    problems.push(
      'Kubernetes sets SWITCHBOARD_SERVICE_HOST, SWITCHBOARD_PORT and others for a service named switchboard: set enableServiceLinks: false in the pod.',
    );
  }
  const file = written.get('config')?.text;
  if (file !== undefined && file !== '') gatherFile(file, written, problems);
  return written;
}

function gatherFile(path: string, written: Map<string, Written>, problems: string[]): void {
  const entries = readEntries(path, problems);
  const seen = new Map<string, Written>();
  for (const [key, value] of entries) {
    const where = `"${key}" in ${path}`;
    if (plain(key) === 'config') {
      problems.push(`${where} cannot be set there: a file names no other file. Remove it.`);
      continue;
    }
    const text = textOf(value);
    if (text === undefined) problems.push(`${where} must be a text, a number or a list of texts.`);
    else take(seen, problems, key, { text, place: 'file', where });
  }
  for (const [name, entry] of seen) if (!written.has(name)) written.set(name, entry);
}

function readEntries(path: string, problems: string[]): [string, unknown][] {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return Object.entries(content);
    problems.push(`The config file ${path} must hold one JSON object, like {"port": 8080}.`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    problems.push(
      cause instanceof SyntaxError
        ? `The config file ${path} is not JSON: ${reason}.`
        : `The config file ${path} cannot be read: ${reason}.`,
    );
  }
  return [];
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value) && value.every((part) => typeof part === 'string' && !part.includes(','))) return value.join(',');
  return undefined;
}

/** MAX_PAGE, max-page and maxPage are one name. */
const plain = (key: string): string => key.toLowerCase().replaceAll(/[-_]/g, '');

export function findOption(key: string): Option<unknown> | undefined {
  return OPTION_LIST.find(({ name }) => plain(name) === plain(key));
}

function take(written: Map<string, Written>, problems: string[], key: string, entry: Written): void {
  const option = findOption(key);
  if (option === undefined) {
    problems.push(`${entry.where} is not an option of this version.${meant(key, entry.place)}`);
    return;
  }
  const before = written.get(option.name);
  if (before === undefined) written.set(option.name, entry);
  else if (before.place === entry.place) {
    problems.push(`${entry.where} and ${before.where} are the same option. Remove one.`);
  }
}

function meant(key: string, place: Written['place']): string {
  const names = OPTION_LIST.map(({ name }) => name);
  const near = nearest(key.replaceAll('_', '-'), names);
  const list = '`switchboard config print` shows them all.';
  if (near === undefined) return ` ${list}`;
  const spelt = { 'command line': `--${near}`, environment: variableOf(near), file: `"${near}"` };
  return ` Did you mean ${spelt[place]}? ${list}`;
}
