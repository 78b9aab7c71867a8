import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { fromHttp, fromMetadata } from './credentials.ts';

const http = (headers: IncomingHttpHeaders, query = ''): unknown => fromHttp(headers, new URLSearchParams(query));

describe('over HTTP', () => {
  test.each<[string, IncomingHttpHeaders, string, unknown]>([
    ['nothing', {}, '', {}],
    ['the query', {}, 'token=q', { token: 'q' }],
    ['a bearer', { authorization: 'Bearer a' }, '', { token: 'a' }],
    ['a bearer in other letters and spaces', { authorization: 'bEARER    a' }, '', { token: 'a' }],
    ['another scheme', { authorization: 'Basic a' }, '', {}],
    ['a scheme alone', { authorization: 'Bearer ' }, '', {}],
    ['two words after the scheme', { authorization: 'Bearer a b' }, '', {}],
    ['the gateway header', { 'grpc-metadata-token': 'g' }, '', { token: 'g' }],
    ['the family header', { 'appootb-token': 'f' }, '', { token: 'f' }],
    ['the first of several', { 'appootb-token': ['f', 'g'] }, '', { token: 'f' }],
    ['the subprotocol', { 'sec-websocket-protocol': 'bearer, s.s.s' }, '', { token: 's.s.s' }],
    ['the subprotocol and others', { 'sec-websocket-protocol': 'bearer,s,chat' }, '', { token: 's' }],
    ['a subprotocol without a token', { 'sec-websocket-protocol': 'bearer' }, '', {}],
    ['another subprotocol', { 'sec-websocket-protocol': 'chat, bearer' }, '', {}],
    ['an empty header, and the query', { 'appootb-token': '', 'grpc-metadata-token': '' }, 'token=q', { token: 'q' }],
    ['an empty query', {}, 'token=', {}],
    ['headers before the query', { 'appootb-token': 'f', authorization: 'Bearer a' }, 'token=q', { token: 'a' }],
    ['a ticket before all', { authorization: 'Bearer a' }, 'token=q&ticket=t', { ticket: 't' }],
    ['an empty ticket is one', {}, 'token=q&ticket=', { ticket: '' }],
  ])('%s', (_name, headers, query, expected) => {
    expect(http(headers, query)).toEqual(expected);
  });
});

describe('over gRPC', () => {
  const metadata = (fields: Record<string, string>): unknown =>
    fromMetadata({ get: (name) => fields[name], getBinary: () => undefined });

  test.each<[string, Record<string, string>, unknown]>([
    ['nothing', {}, {}],
    ['token', { token: 't' }, { token: 't' }],
    ['a bearer', { authorization: 'Bearer a' }, { token: 'a' }],
    ['the gateway name', { 'grpc-metadata-token': 'g' }, { token: 'g' }],
    ['the family name', { 'appootb-token': 'f' }, { token: 'f' }],
    ['an empty one, and another', { token: '', 'appootb-token': 'f' }, { token: 'f' }],
    ['token before the others', { 'appootb-token': 'f', token: 't', authorization: 'Bearer a' }, { token: 't' }],
  ])('%s', (_name, fields, expected) => {
    expect(metadata(fields)).toEqual(expected);
  });
});
