/** `switchboard retention`: what is older than it may get. */
import type { RetentionRule } from '../core/index.ts';
import { field } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { createOperator } from './operator.ts';
import { plain } from './stream.ts';

export const retention: Command = {
  name: 'retention',
  summary: 'Tell what retention removes (--dry-run), or have it removed now and not with the next round.',
  options: [
    { name: 'dry-run', about: 'Only tell; with --retention: what these rules would remove, before the server has them.' },
    JSON_OPTION,
  ],
  configured: 'client',
  details: "Example: switchboard retention --dry-run --retention 'default/group=30d,*/channel=1y' --admin-token my-secret",
  async run(io, config, args) {
    const dryRun = args.flag('dry-run');
    const own = config.limits.retention;
    const operator = await createOperator(config, args, true);
    // What goes for good is what the server was started with.
    const rules = dryRun && own.length > 0 ? { rules: own.map(toWire) } : {};
    const answer = await operator.request('POST', '/api/retention', { dryRun, ...rules });
    if (args.flag('json')) io.out(JSON.stringify(answer));
    else for (const line of linesOf(answer)) io.out(line);
    return EXIT.ok;
  },
};

function toWire({ keep, ...scope }: RetentionRule): object {
  return { ...scope, keepSeconds: Math.round(keep / 1000) };
}

function linesOf(answer: unknown): string[] {
  const rules = field(answer, 'rules');
  if (!Array.isArray(rules) || rules.length === 0) return ['No rules: messages are kept for ever.'];
  return rules.map((rule: unknown) => {
    const [namespace, kind] = ['namespace', 'kind'].map((name) => plain(field(rule, name)) || '*');
    const days = Math.round(Number(field(rule, 'keepSeconds')) / 864) / 100;
    const [conversations, messages, files, bytes] = ['conversations', 'messages', 'files', 'bytes'].map((name) =>
      plain(field(rule, name)),
    );
    return `${namespace}/${kind}  ${days} d  ${conversations} conversations  ${messages} messages  ${files} files  ${bytes} bytes`;
  });
}
