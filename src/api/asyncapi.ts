/**
 * The document of what is told and said without being asked (AsyncAPI 3.0): channels of the doors that have any, made from the schemas that
 * check and type them.
 */
import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import { PUBLIC } from './caller.ts';
import { SECURITY } from './operation.ts';
import type { RouteDeps, Routes } from './operation.ts';

/** One kind of message, as its payload is on the wire. */
export interface AsyncMessage {
  readonly summary: string;
  readonly payload: TSchema;
  readonly example: unknown;
}

/** A connection that clients open, or a call that back ends make. */
export interface AsyncChannel {
  /** In the document and in generated code. */
  readonly name: string;
  /** The path. */
  readonly address: string;
  readonly protocol: 'ws' | 'socketio' | 'http';
  readonly description: string;
  /** Parameters of the address. */
  readonly query?: TSchema;
  /** Of a call. */
  readonly method?: 'POST' | 'PUT' | 'PATCH' | 'GET';
  /** Who may: a user, or a back end. */
  readonly security: 'user' | 'server';
  /** From clients and back ends, by name. */
  readonly receives: Readonly<Record<string, AsyncMessage>>;
  /** To clients, by name. */
  readonly sends: Readonly<Record<string, AsyncMessage>>;
}

const ABOUT = `What the server tells by itself and what is said to it on connections that stay open, and what back ends push.
What is asked and answered over HTTP is in \`/api/openapi.json\`.`;

const Document = Type.Unsafe<object>(
  Type.Object({ asyncapi: Type.String() }, { description: 'The AsyncAPI document.', examples: [{ asyncapi: '3.0.0' }] }),
);

/** The document; `host` is where the client has reached the server. */
export function createAsyncDocument(channels: readonly AsyncChannel[], host: string): object {
  const protocols = [...new Set(channels.map(({ protocol }) => protocol))];
  return {
    asyncapi: '3.0.0',
    info: { title: 'Switchboard', version: '1', description: ABOUT },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(
      protocols.map((protocol) => [
        protocol,
        { host, protocol, security: [ref('securitySchemes', 'user'), ref('securitySchemes', 'server')] },
      ]),
    ),
    channels: Object.fromEntries(channels.map((channel) => [channel.name, channelOf(channel)])),
    operations: Object.fromEntries(channels.flatMap(operationsOf)),
    components: { messages: Object.fromEntries(channels.flatMap(messagesOf)), securitySchemes: SCHEMES },
  };
}

const SCHEMES = {
  user: SECURITY.user,
  server: { type: 'httpApiKey', in: 'header', name: 'Api-Token', description: SECURITY.server.description },
};

function ref(kind: string, name: string): { $ref: string } {
  return { $ref: `#/components/${kind}/${name}` };
}

function channelOf({ name, address, protocol, description, query, receives, sends }: AsyncChannel): object {
  const messages = Object.keys({ ...receives, ...sends });
  return {
    address,
    description,
    servers: [{ $ref: `#/servers/${protocol}` }],
    messages: Object.fromEntries(messages.map((message) => [message, ref('messages', `${name}.${message}`)])),
    ...(protocol === 'ws' && { bindings: { ws: { method: 'GET', ...(query && { query }), bindingVersion: '0.1.0' } } }),
  };
}

function operationsOf(channel: AsyncChannel): [string, object][] {
  const { name, security, protocol, method, receives, sends } = channel;
  const operation = (action: 'receive' | 'send', messages: readonly string[]): object => ({
    action,
    channel: { $ref: `#/channels/${name}` },
    messages: messages.map((message) => ({ $ref: `#/channels/${name}/messages/${message}` })),
    security: [ref('securitySchemes', security)],
    ...(protocol === 'http' && { bindings: { http: { method, bindingVersion: '0.3.0' } } }),
  });
  const list: [string, object][] = [];
  if (Object.keys(receives).length > 0) list.push([`${name}.receive`, operation('receive', Object.keys(receives))]);
  if (Object.keys(sends).length > 0) list.push([`${name}.send`, operation('send', Object.keys(sends))]);
  return list;
}

function messagesOf({ name, receives, sends }: AsyncChannel): [string, object][] {
  return Object.entries({ ...receives, ...sends }).map(([message, { summary, payload, example }]) => [
    `${name}.${message}`,
    { name: message, summary, payload, examples: [{ payload: example }] },
  ]);
}

export function registerAsyncDocument(
  http: Routes,
  { operation }: Pick<RouteDeps, 'operation'>,
  channels: readonly AsyncChannel[],
): void {
  http.get(
    '/asyncapi.json',
    operation(
      PUBLIC,
      { id: 'getAsyncDocument', tag: 'document', summary: 'What is told and said on connections that stay open (AsyncAPI)' },
      { response: { 200: Document } },
    ),
    async (request) => createAsyncDocument(channels, request.host),
  );
}
