/** A client of the messenger's REST interface: plain fetch, as its web application calls it. */

export interface Reply {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
  readonly headers: Headers;
}

export interface MessengerUser {
  readonly id: string;
  readonly token: string;
  get(path: string): Promise<Reply>;
  post(path: string, body?: unknown): Promise<Reply>;
  patch(path: string, body: unknown): Promise<Reply>;
  put(path: string, body: unknown): Promise<Reply>;
  delete(path: string): Promise<Reply>;
  /** A request as it is, for what is no JSON. */
  send(path: string, init: RequestInit): Promise<Reply>;
}

async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
}

/** Whoever has this token; without one, whoever has none. */
export function messengerUser(url: string, token = '', id = ''): MessengerUser {
  const authorization = token === '' ? {} : { authorization: `Bearer ${token}` };
  const send = async (path: string, init: RequestInit): Promise<Reply> =>
    replyOf(
      await fetch(`${url}/api${path}`, { ...init, headers: { ...authorization, ...(init.headers as object | undefined) } }),
    );
  const withBody =
    (method: string) =>
    (path: string, body?: unknown): Promise<Reply> =>
      send(path, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
  return {
    id,
    token,
    send,
    get: withBody('GET'),
    post: withBody('POST'),
    patch: withBody('PATCH'),
    put: withBody('PUT'),
    delete: withBody('DELETE'),
  };
}

/** Signs up and in. */
export async function signUp(url: string, username: string): Promise<MessengerUser> {
  const nobody = messengerUser(url);
  const credentials = { username, password: 'correct horse' };
  const { status, body } = await nobody.post('/auth/register', credentials);
  if (status !== 201) throw new Error(`${username} could not sign up: ${JSON.stringify(body)}`);
  return messengerUser(url, body.token, body.user.id);
}
