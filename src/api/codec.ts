/** Between the core's ids, times and pages and those of every part of the API. Pure: nothing here knows a request or waits. */
import { ChatError, notFound, parseId } from '../core/index.ts';
import type { Id, Millis } from '../core/index.ts';
import { DEFAULT_PAGE, MAX_PAGE } from './schema.ts';

/** An id in a path: one that is malformed is as missing as any other that does not exist. */
export function pathId(text: string): Id {
  const id = parseId(text);
  if (id === undefined) throw notFound();
  return id;
}

/** An id in a body or query; 0 stands for the beginning where the schema lets it through. */
export function toId(field: string, text: string): Id {
  const id = text === '0' ? 0 : parseId(text);
  if (id === undefined)
    throw new ChatError('invalid_argument', `${field}: is out of range`, { fields: { [field]: 'is out of range' } });
  return id;
}

export function toIds(field: string, texts: readonly string[]): Id[] {
  return texts.map((text, index) => toId(`${field}.${index}`, text));
}

export function toLimit(limit: number | undefined): number {
  return Math.min(Math.max(limit ?? DEFAULT_PAGE, 1), MAX_PAGE);
}

/** How the page before the first is asked for, and its end told: by absence. */
export function toPlace(field: string, place: string | undefined): Id {
  return place === undefined ? 0 : toId(field, place);
}

/** What asks for the page after this one; absent when it was not full. */
export function toNext<T>(page: readonly T[], limit: number, placeOf: (last: T) => Id): { next?: string } {
  const last = page.length < limit ? undefined : page.at(-1);
  return last === undefined ? {} : { next: String(placeOf(last)) };
}

export function toTime(millis: Millis): string {
  return new Date(millis).toISOString();
}

/** Lets work be refused in the interface's own words: fields that the core calls otherwise get the names the client gave them. */
export async function inWordsOf<T>(names: Readonly<Record<string, string>>, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ChatError) || error.fields === undefined) throw error;
    const { code, fields, retryAfter } = error;
    const told = Object.fromEntries(Object.entries(fields).map(([name, problem]) => [names[name] ?? name, problem]));
    const message = Object.entries(told).map(([name, problem]) => `${name}: ${problem}`);
    throw new ChatError(code, message.join('; '), {
      fields: told,
      cause: error,
      ...(retryAfter !== undefined && { retryAfter }),
    });
  }
}
