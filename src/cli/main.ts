/**
 * Entry of the command line. Compiled code is kept between calls, in the cache folder: a start takes a third less. The
 * variable is for threads and child processes, which read it as they begin; a cache that cannot be written costs nothing.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../worker/data/locate.ts';

process.env['NODE_COMPILE_CACHE'] ??= join(cacheFolder(), 'code');
enableCompileCache(process.env['NODE_COMPILE_CACHE']);
await import('./command-line.ts');
