import { readFileSync } from 'node:fs';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { startManagement } from '../../test/support/management.ts';

interface Media {
  schema: { $ref?: string; examples?: unknown[] };
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; description?: string; schema: object }[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}

interface Document {
  openapi: string;
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { examples: unknown[] }>; securitySchemes: object };
}

async function load(): Promise<{ document: Document; routes: readonly string[]; operations: [string, Operation][] }> {
  await using door = await startManagement();
  const { body } = await door.call('GET', '/api/openapi.json');
  const document = body as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
  );
  return { document, routes: door.routes, operations };
}

/** Every value of a member of this name, anywhere. */
function collect(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === name ? [inner] : []).concat(collect(inner, name)));
}

const { document, routes, operations } = await load();

/** A schema of the document as a check. */
function check(schema: object, value: unknown): boolean {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/');
  return Compile(JSON.parse(text) as object).Check(value);
}

describe('the document', () => {
  it('has exactly what is served', () => {
    expect(document.openapi).toBe('3.1.0');
    const served = routes.map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
    expect(operations.map(([route]) => route).sort()).toEqual([...served].sort());
    expect(served).toHaveLength(93);
  });

  it('has exactly what the pages for people have, with the same scopes', () => {
    const page = ['management', 'messenger-rest', 'desk']
      .map((name) => readFileSync(new URL(`../../docs/protocols/${name}.md`, import.meta.url), 'utf8'))
      .join('\n');
    const rows = [...page.matchAll(/^\| `([A-Z]+ \/api\/\S+)` \|(.*)\|[^|\n]*\|$/gm)].map(([, route = '', rest = '']) => [
      route,
      rest
        .split(/(?<!\\)\|/)
        .at(-1)
        ?.trim(),
    ]);
    const served = operations.map(([route, { security, description }]) => {
      const scope = /scope `(\w+)`( and X-On-Behalf-Of)?/.exec(description ?? '');
      if (scope === null) return [route, security.length === 0 ? 'public' : '–'];
      const only = security.some((entry) => 'user' in entry) ? '' : 'only, ';
      return [route, `${only}\`${scope[1]}\`${scope[2] === undefined ? '' : ' †'}`];
    });
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(served));
  });

  it('resolves every reference and uses every component', () => {
    const references = new Set(collect(document, '$ref'));
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(references).toEqual(new Set(known));
  });

  it('names every operation once, with a summary, a known tag, security and its refusals', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const [route, operation] of operations) {
      expect(operation.summary, route).toMatch(/^[A-Z]/);
      expect(tags, route).toEqual(expect.arrayContaining(operation.tags));
      const schemes = operation.security.flatMap((entry) => Object.keys(entry));
      for (const scheme of schemes) expect(document.components.securitySchemes, route).toHaveProperty(scheme);
      const codes = Object.keys(operation.responses);
      expect(codes, route).toEqual(
        expect.arrayContaining([
          '500',
          '503',
          ...(schemes.length > 0 ? ['400', '401', '403'] : []),
          ...(route.includes('{') ? ['404'] : []),
        ]),
      );
      for (const [code, { description, content }] of Object.entries(operation.responses)) {
        expect(description, `${route} ${code}`).not.toBe('Default Response');
        const isError = content?.['application/json']?.schema.$ref === '#/components/schemas/Error';
        expect(isError, `${route} ${code}`).toBe(Number(code) >= 400);
      }
    }
  });

  it('describes every parameter', () => {
    for (const [route, { parameters = [] }] of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(inPath, route).toEqual([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      for (const { name, description } of parameters) expect(description, `${route} ${name}`).toBeTruthy();
    }
  });

  it('has examples for every body, and each is as its schema says', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect(schema.examples, name).toHaveLength(1);
      for (const example of schema.examples) expect([name, check(schema, example)]).toEqual([name, true]);
    }
    for (const [route, { requestBody, responses }] of operations) {
      for (const { content } of [requestBody, ...Object.values(responses)].filter((part) => part !== undefined)) {
        const media = content?.['application/json'];
        if (media === undefined || media.schema.$ref !== undefined) continue;
        const examples = [media.example, ...Object.values(media.examples ?? {}).map(({ value }) => value)].filter(
          (value) => value !== undefined,
        );
        expect(examples.length, route).toBeGreaterThan(0);
        for (const example of examples) expect([route, check(media.schema, example)]).toEqual([route, true]);
      }
    }
  });

  it('says which bodies may be left out', () => {
    const optional = operations
      .filter(([, { requestBody }]) => requestBody?.required === false)
      .map(([, { operationId }]) => operationId);
    expect(optional.sort()).toEqual(['eraseUser', 'logOut', 'markChatRead', 'markDelivered', 'markRead', 'saveDeskWidget']);
  });
});
