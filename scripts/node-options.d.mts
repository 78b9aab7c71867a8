/** Options of Node.js itself that the server runs with. */
export const NODE_OPTIONS: readonly string[];
