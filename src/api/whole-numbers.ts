/**
 * Whole numbers in a query, checked as they were written: what turns texts into numbers takes `1.5`, `1e2` and nothing at all for one.
 */
import { ChatError } from '../core/index.ts';
import type { Routes } from './operation.ts';

const WHOLE_NUMBER = /^-?[0-9]{1,15}$/;
const PROBLEM = 'must be a whole number';

/** Refuses other texts for parameters that a route's schema has as integers. */
export function checkWholeNumbers(http: Routes): void {
  http.addHook('preValidation', async ({ query, routeOptions: { schema } }) => {
    for (const [name, value] of entriesOf(query)) {
      if (typeof value !== 'string' || WHOLE_NUMBER.test(value) || !isInteger(schema?.querystring, name)) continue;
      throw new ChatError('invalid_argument', `${name}: ${PROBLEM}`, { fields: { [name]: PROBLEM } });
    }
  });
}

function isInteger(schema: unknown, name: string): boolean {
  const properties = memberOf(schema, 'properties');
  return memberOf(memberOf(properties, name), 'type') === 'integer';
}

function memberOf(value: unknown, name: string): unknown {
  return entriesOf(value).find(([key]) => key === name)?.[1];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
