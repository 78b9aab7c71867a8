/** Calls of the management interface as a user, over connections that may break at any moment. */
import { tokenFor } from '../tokens.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ApiCall {
  readonly user: number;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly form?: FormData;
  /** A file as it is. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** Idempotency-Key. */
  readonly key?: string;
}

/** Undefined: the connection broke before the whole answer came; whether the server has done it is not known. */
export async function callApi(
  url: string,
  { user, method, path, body, form, bytes, key }: ApiCall,
): Promise<ApiAnswer | undefined> {
  try {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${tokenFor(user)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(form !== undefined && { body: form }),
      ...(bytes !== undefined && { body: bytes }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  } catch {
    return undefined;
  }
}
