/** Answers that every part of the API gives. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { createComponents } from './schema.ts';

const { component, components } = createComponents();

const ERROR_CODES = [
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'not_found',
  'already_exists',
  'failed_precondition',
  'too_large',
  'rate_limited',
  'unavailable',
  'not_supported',
  'internal',
] as const;

export const ErrorAnswer = component(
  'Error',
  'The request was refused, without effect.',
  Type.Object({
    error: Type.Object({
      code: Type.Enum([...ERROR_CODES], { description: 'Why, for programs.' }),
      message: Type.String({ description: 'Why, for people.' }),
      fields: Type.Optional(
        Type.Record(Type.String(), Type.String(), { description: 'What is wrong with which member, parameter or header.' }),
      ),
    }),
  }),
  { error: { code: 'invalid_argument', message: 'kind: is needed', fields: { kind: 'is needed' } } },
);
export type ErrorAnswer = Static<typeof ErrorAnswer>;

export const Nothing = Type.Null({ description: 'Done; no body.' });

export const Document = Type.Unsafe<object>(
  Type.Object({ openapi: Type.String() }, { description: 'This document.', examples: [{ openapi: '3.1.0' }] }),
);

export const COMPONENTS: readonly object[] = components;
