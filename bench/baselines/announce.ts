import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';

/** Listens on a free loopback port and prints the line by which the benchmark knows that the server takes connections. */
export function listenAndAnnounce(server: Server | Http2Server): void {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    process.stdout.write(`baseline ready url=http://127.0.0.1:${port} pid=${process.pid}\n`);
  });
  process.on('SIGTERM', () => process.exit(0));
}
