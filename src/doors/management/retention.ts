/** How long messages are kept: what goes, told before it does. */
import { actorFrom, serverFrom, serversOnly } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import type { OverdueCount, RetentionRule } from '../../core/index.ts';
import { ApplyRetention } from './requests.ts';
import { Retention } from './wire.ts';

export function registerRetention(http: Routes, { chat, operation }: RouteDeps): void {
  http.post(
    '/retention',
    operation(
      serversOnly('admin'),
      {
        id: 'applyRetention',
        tag: 'conversations',
        summary: 'What is older than it may get; without `dryRun` it goes now, not with the next round',
        refusals: ['rate_limited'],
      },
      { body: ApplyRetention, response: { 200: Retention } },
    ),
    async (request) => {
      const { namespace } = serverFrom(request);
      const { dryRun, rules } = request.body;
      const counts = await chat.countOverdue({
        ...(namespace !== undefined && { namespace }),
        ...(dryRun && rules !== undefined && { rules: rules.map(toRule) }),
      });
      // Without waiting: a year of messages goes in short steps.
      if (!dryRun) {
        chat
          .applyRetention(actorFrom(request))
          .catch((cause: unknown) => chat.log.error({ err: cause }, 'retention failed; it will be tried again'));
      }
      return { dryRun, rules: counts.map(toCount) };
    },
  );
}

function toRule({ namespace, kind, keepSeconds }: NonNullable<ApplyRetention['rules']>[number]): RetentionRule {
  return { ...(namespace !== undefined && { namespace }), ...(kind !== undefined && { kind }), keep: keepSeconds * 1000 };
}

function toCount({ rule, ...counts }: OverdueCount): Retention['rules'][number] {
  const { namespace, kind, keep } = rule;
  return {
    ...(namespace !== undefined && { namespace }),
    ...(kind !== undefined && { kind }),
    keepSeconds: Math.round(keep / 1000),
    ...counts,
  };
}
