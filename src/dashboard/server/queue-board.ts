/**
 * The queue as bull-board shows it, behind our log-in and only to be looked at: its own actions would bypass the ledger.
 * Its page needs styles of its own making, so the content policy is looser on this path alone.
 */
import type { FastifyInstance } from 'fastify';
import { refusal } from './authentication.ts';

export const boardPath = '/admin/queues';

const policy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A queue of BullMQ, whose type is known to whoever made it. */
export type BoardQueue = object;

export function declareBoard(server: FastifyInstance, queue: BoardQueue): void {
  void server.register(async (board) => {
    board.addHook('onRequest', async (request, reply) => {
      void reply.header('content-security-policy', policy);
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return reply.code(403).send(refusal('MARINADE_ACCESS_ROLE', 'the queue is only looked at here; act on studies and runs'));
    });
    const [{ createBullBoard }, { BullMQAdapter }, { FastifyAdapter }] = await Promise.all([
      import('@bull-board/api'),
      import('@bull-board/api/bullMQAdapter'),
      import('@bull-board/fastify'),
    ]);
    const adapter = new FastifyAdapter();
    adapter.setBasePath(boardPath);
    createBullBoard({
      queues: [
        new BullMQAdapter(queue as ConstructorParameters<typeof BullMQAdapter>[0], {
          readOnlyMode: true,
          allowRetries: false,
          externalJobUrl: ({ data }: { data?: { runKey?: unknown } }) => ({
            displayText: 'the run',
            href: `/runs/${String(data?.runKey ?? '')}`,
          }),
        }),
      ],
      serverAdapter: adapter,
      options: { uiConfig: { boardTitle: 'marinade queue' } },
    });
    await board.register(adapter.registerPlugin(), { prefix: boardPath });
  });
}
