/** `switchboard trace <message id>`: where is my message? */
import { field } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { OPERATOR_OPTIONS, createOperator } from './operator.ts';
import { harmless, table } from './print.ts';
import { plain } from './stream.ts';

export const trace: Command = {
  name: 'trace',
  summary: 'Tell where a message is: stored, told to whom, received, read, and delivered to which sinks.',
  positionals: ['<message id>'],
  options: [...OPERATOR_OPTIONS, JSON_OPTION],
  configured: 'client',
  details: 'Example: switchboard trace 489204140204032 --admin-token my-secret. A UUID as events tell it will do, too.',
  async run(io, config, args) {
    const operator = await createOperator(config, args, true);
    const answer = await operator.request('GET', `/api/trace/${encodeURIComponent(args.positionals[0] ?? '')}`);
    if (args.flag('json')) io.out(JSON.stringify(answer));
    else for (const line of table(rowsOf(answer))) io.out(harmless(line));
    return EXIT.ok;
  },
};

function rowsOf(answer: unknown): (readonly [string, string])[] {
  const of = (name: string): string => plain(field(answer, name));
  return [
    ['message', `${of('messageId')}, number ${of('index')} of the ${of('kind')} ${of('conversationId')}, ${of('state')}`],
    ['stored', `${of('storedAt')}, from ${of('senderId')} through ${of('door')} ${of('sessionId')}`.trimEnd()],
    ...listOf(answer, 'sessions').map((one) => row('told to', one, ['userId', 'door', 'sessionId', 'endedAt'])),
    ...listOf(answer, 'receipts').map((one) => ['user', `${plain(field(one, 'userId'))}  ${receiptOf(one)}`] as const),
    ...listOf(answer, 'events').map((one) => row('event', one, ['at', 'name', 'place'])),
    ...listOf(answer, 'sinks').map((one) => row('sink', one, ['sink', 'state', 'error'])),
  ];
}

function listOf(answer: unknown, name: string): readonly unknown[] {
  const list = field(answer, name);
  return Array.isArray(list) ? list : [];
}

function row(title: string, one: unknown, names: readonly string[]): readonly [string, string] {
  return [
    title,
    names
      .map((name) => plain(field(one, name)))
      .join('  ')
      .trimEnd(),
  ];
}

function receiptOf(receipt: unknown): string {
  if (field(receipt, 'read') === true) return 'read';
  return field(receipt, 'delivered') === true ? 'delivered' : 'not received';
}
