/** The document of the API (OpenAPI 3.1), made from the schemas that check and type it. */
import swagger from '@fastify/swagger';
import { Document } from './answers.ts';
import { PUBLIC } from './caller.ts';
import { SECURITY } from './operation.ts';
import type { RouteDeps, Routes } from './operation.ts';

const ABOUT = `For back ends (\`Api-Token\`) and users (\`Authorization: Bearer\`) within their rights.

Ids are decimal strings, times are RFC 3339 in UTC. Every refusal is \`{"error": {"code", "message", "fields"?}}\`. With an Api-Token,
\`X-On-Behalf-Of: <userId>\` acts as that user and \`X-Namespace\` chooses the namespace.`;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** To be called before any route is registered: routes are collected from then on. */
export async function startDocument(
  http: Routes,
  { tags, components }: { tags: ReadonlyMap<string, string>; components: readonly object[] },
): Promise<void> {
  for (const schema of components) http.addSchema(schema);
  const optionalBodies = collectOptionalBodies(http);
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Switchboard', version: '1', description: ABOUT },
      tags: [...tags].map(([name, description]) => ({ name, description })),
      components: { securitySchemes: SECURITY },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) => (typeof json['$id'] === 'string' ? json['$id'] : `part-${index}`),
    },
    transformObject(result) {
      if (!('openapiObject' in result)) return result.swaggerObject;
      for (const path of Object.values(result.openapiObject.paths ?? {})) {
        for (const method of METHODS) {
          const { operationId, requestBody } = path?.[method] ?? {};
          if (requestBody !== undefined && 'content' in requestBody && optionalBodies.has(operationId))
            requestBody.required = false;
        }
      }
      return result.openapiObject;
    },
  });
}

/** Operations whose body may be left out: nothing is needed in it. Fastify's plug-in takes every body for needed. */
function collectOptionalBodies(http: Routes): ReadonlySet<unknown> {
  const found = new Set<unknown>();
  http.addHook('onRoute', ({ schema }) => {
    const { body, operationId } = schema ?? {};
    if (typeof body === 'object' && body !== null && !('required' in body) && !('minProperties' in body)) found.add(operationId);
  });
  return found;
}

export function registerDocument(http: Routes, { operation }: Pick<RouteDeps, 'operation'>): void {
  http.get(
    '/openapi.json',
    operation(PUBLIC, { id: 'getDocument', tag: 'document', summary: 'This document' }, { response: { 200: Document } }),
    async () => http.swagger(),
  );
}
