/** A TCP proxy between a client and a server that a test may harm: hold bytes back, delay them, cut connections. */
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './redis.ts';

export interface NetworkProxy {
  readonly port: number;
  /** Nothing passes either way and nobody is told, until `heal`; what was sent meanwhile arrives then. */
  blackHole(): void;
  /** Every chunk arrives so much later; 0 passes at once. */
  delay(ms: number): void;
  /** Every connection there is ends with a reset. */
  reset(): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startProxy(target: number): Promise<NetworkProxy> {
  const sockets = new Set<Socket>();
  let open = true;
  let waitMs = 0;
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from);
    // Chunks of one direction stay in order: timers of equal length fire in the order they were set.
    from.on('data', (chunk) => {
      if (waitMs > 0) setTimeout(() => to.write(chunk), waitMs);
      else to.write(chunk);
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (!open) from.pause();
  };
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    pass(client, upstream);
    pass(upstream, client);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    blackHole() {
      open = false;
      for (const socket of sockets) socket.pause();
    },
    delay(ms) {
      waitMs = ms;
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    heal() {
      open = true;
      waitMs = 0;
      for (const socket of sockets) socket.resume();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
