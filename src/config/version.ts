/** The version of this checkout. */
import { readFileSync } from 'node:fs';

export function ownVersion(): string {
  const content: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const found = typeof content === 'object' && content !== null && 'version' in content ? content.version : undefined;
  return typeof found === 'string' ? found : 'unknown';
}
