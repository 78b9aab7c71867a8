/** Built-in accounts: sign up, sign in, sign out. */
import { PUBLIC, Nothing, identityFrom, toTime, usersOnly } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ChatError } from '../../core/index.ts';
import type { Chat, Millis, User } from '../../core/index.ts';
import { LogOut, SignIn } from './requests.ts';
import { SignedIn } from './wire.ts';

/** A person stays signed in for a week of not coming back; signing out ends it at once. */
const SIGN_IN_TTL: Millis = 7 * 24 * 3_600_000;

export function registerAccounts(http: Routes, { chat, operation }: RouteDeps): void {
  http.post(
    '/auth/register',
    operation(
      PUBLIC,
      { id: 'register', tag: 'auth', summary: 'Sign up', refusals: ['already_exists'] },
      { body: SignIn, response: { 201: SignedIn } },
    ),
    async (request, reply) => reply.code(201).send(await signIn(chat, await chat.register(toCredentials(request.body)))),
  );

  http.post(
    '/auth/login',
    operation(
      PUBLIC,
      { id: 'logIn', tag: 'auth', summary: 'Sign in', refusals: ['unauthenticated'] },
      { body: SignIn, response: { 200: SignedIn } },
    ),
    async (request) => signIn(chat, await chat.logIn(toCredentials(request.body))),
  );

  http.post(
    '/auth/logout',
    operation(
      usersOnly,
      { id: 'logOut', tag: 'auth', summary: 'Revoke the presented token, or all of the user', refusals: ['failed_precondition'] },
      { body: LogOut, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      const { namespace, user, token, expiresAt } = identityFrom(request);
      if (request.body.all === true) await chat.revokeTokens(namespace, user);
      else {
        if (token === undefined) {
          throw new ChatError('failed_precondition', 'This token has no id (jti) and cannot be revoked alone. Say "all": true.');
        }
        await chat.revokeTokens(namespace, user, token, Number.isFinite(expiresAt) ? { until: expiresAt } : {});
      }
      return reply.code(204).send(null);
    },
  );
}

function toCredentials({ username, password, namespace = 'default' }: SignIn) {
  return { username, password, namespace };
}

/** The token says nothing of the name: it would bring an old one back after a change. */
async function signIn(chat: Chat, { namespace, id, role, username = '', name, picture }: User) {
  const expiresAt = toTime(chat.now() + SIGN_IN_TTL);
  const token = await chat.mintToken({ subject: String(id), namespace, role, ttl: SIGN_IN_TTL });
  const profilePic = picture === undefined ? {} : { profilePic: chat.links.show(picture) };
  return { token, expiresAt, user: { id: String(id), username, name, ...profilePic } };
}
