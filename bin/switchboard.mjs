#!/usr/bin/env node
/** The command `switchboard` of an installed package: nothing is installed here, so Node.js must be new enough already. */
const oldest = 24;

if (Number.parseInt(process.versions.node, 10) < oldest) {
  process.stderr.write(`switchboard: Node.js ${oldest} or newer is needed and this is ${process.versions.node}.\n`);
  process.exit(1);
}
await import('../src/main.ts');
