/**
 * Schemas that the parts of the API have in common. Ids are decimal strings, times are RFC 3339 in UTC, an absent member is left out.
 */
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import { ALICE, MOMENT } from './examples.ts';

export const ID_PATTERN = '^[1-9][0-9]{0,15}$';
export const NAMESPACE_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';

/** An id, or 0 for the very beginning. */
const PLACE_PATTERN = '^(0|[1-9][0-9]{0,15})$';

/** A page's size when none is asked for, and the largest there is. */
export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 100;

const optional = Type.Optional;

// ---- Members -----------------------------------------------------------------------------------------------------------------------

export const id = (description: string, example: string) =>
  Type.String({ pattern: ID_PATTERN, description, examples: [example] });
/** Malformed ids in a path answer as missing ones, so their form is not checked here: `pathId` reads them. */
export const idInPath = (description: string, example: string) => Type.String({ description, examples: [example] });
export const time = (description: string) => Type.String({ format: 'date-time', description, examples: [MOMENT] });
export const count = (description: string) => Type.Integer({ minimum: 0, description });

// ---- Pages -------------------------------------------------------------------------------------------------------------------------

export const limit = optional(
  Type.Integer({
    default: DEFAULT_PAGE,
    description: `Entries on the page, 1 to ${MAX_PAGE}; a number beyond is taken for the nearest.`,
  }),
);
/** Where a page begins, in a query. */
export const place = (description: string) => optional(Type.String({ pattern: PLACE_PATTERN, description }));
/** Where the following page begins, in an answer. */
export const next = optional(Type.String({ description: 'Asks for the following page; absent on the last one.' }));

// ---- Headers -----------------------------------------------------------------------------------------------------------------------

/** What every route that back ends call takes; a route with headers of its own names these among them. */
export const serverHeaders = {
  'x-on-behalf-of': optional(Type.String({ description: 'With an Api-Token: the user to act as.', examples: [ALICE] })),
  'x-namespace': optional(
    Type.String({
      description: "With an Api-Token: the namespace to act in; else the token's own, or `default`.",
      examples: ['default'],
    }),
  ),
};

export const ServerHeaders = Type.Object(serverHeaders);

// ---- Components --------------------------------------------------------------------------------------------------------------------

/** Schemas with a name in the document, of one part: `component` adds one, `components` is what the part registers. */
export function createComponents() {
  const components: object[] = [];
  return {
    components,
    /** Gives a schema a name, which no other part may give; the answer points at it. For answers only: what checks bodies does not follow the reference. */
    component<S extends TSchema>(name: string, description: string, schema: S, example: Static<S>) {
      components.push({ ...schema, $id: name, description, examples: [example] });
      return Type.Unsafe<Static<S>>(Type.Ref(name));
    },
  };
}
