/**
 * The page: built files, read once at the start and served from memory, so that no path of a request reaches the file
 * system. Every address of the page answers with the same document; it holds no data and needs no log-in.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { packageUrl } from '../../shared/program.ts';

export interface WebFile {
  readonly type: string;
  readonly content: Buffer;
  readonly packed: Buffer;
}

/** Where the build puts the page. */
export const webFolder = fileURLToPath(packageUrl('dist/web'));

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** The built files by their address; undefined when nothing is built. */
export function readWebFiles(folder = webFolder): ReadonlyMap<string, WebFile> | undefined {
  if (!existsSync(join(folder, 'index.html'))) return undefined;
  const files = new Map<string, WebFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[entry.name.split('.').at(-1)!];
    if (!entry.isFile() || type === undefined) continue;
    const content = readFileSync(join(entry.parentPath, entry.name));
    const address = join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/');
    files.set(address, { type, content, packed: gzipSync(content, { level: 9 }) });
  }
  return files;
}

/** Addresses at which the page opens; what follows is the page's own matter. */
const pages = ['/', '/studies/:key', '/runs/:key', '/workers', '/submit'];

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. */
export function secureHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', async (_request, reply) => {
    void reply.headers({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  });
}

export function declarePage(server: FastifyInstance, files: ReadonlyMap<string, WebFile>): void {
  const answer = (file: WebFile, lasting: boolean) => async (request: FastifyRequest, reply: FastifyReply) => {
    const packed = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    void reply.type(file.type).header('vary', 'accept-encoding');
    if (lasting) void reply.header('cache-control', 'public, max-age=31536000, immutable');
    if (packed) void reply.header('content-encoding', 'gzip');
    return reply.send(packed ? file.packed : file.content);
  };
  const config = { open: true };
  for (const [address, file] of files) {
    if (address !== '/index.html') server.get(address, { config }, answer(file, address.startsWith('/assets/')));
  }
  for (const page of pages) server.get(page, { config }, answer(files.get('/index.html')!, false));
}
