/**
 * The link to the launcher: a pipe that closes when the launcher dies, however it dies. This process then ends too:
 * nobody would see its output or stop it any more.
 */
import { Socket } from 'node:net';

export function watchLauncher(): void {
  const descriptor = Number(process.env['MARINADE_LAUNCHER_FD']);
  delete process.env['MARINADE_LAUNCHER_FD'];
  if (!Number.isInteger(descriptor) || descriptor < 3) return;
  const link = new Socket({ fd: descriptor, readable: true, writable: false });
  const end = (): void => process.exit(1);
  link.on('end', end).on('error', end).resume();
  // The pipe alone must not keep a finished process alive.
  link.unref();
}
