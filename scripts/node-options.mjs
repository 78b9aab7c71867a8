/**
 * Options of Node.js itself that the server runs with (docs/adr/0040-the-young-generation.md).
 *
 * V8 lets the space for new objects grow to three times 32 MB while many connect, and keeps it. More than this was of no use that could be
 * measured.
 */
export const NODE_OPTIONS = ['--max-semi-space-size=16'];
