/** `marinade dash`: a results folder in the browser, only to be looked at; nothing is computed and nothing owned. */
import { type ListenChoice, lookAt } from '../dashboard.ts';
import { listenForInterrupt, whenInterrupted } from '../interrupt.ts';
import { print, say } from '../output.ts';

export async function dash(folder: string, choice: ListenChoice): Promise<void> {
  const interrupt = listenForInterrupt(() => {});
  const page = await lookAt(folder, choice, say);
  try {
    print(page.address);
    await whenInterrupted(interrupt.signal);
  } finally {
    await page.close();
    interrupt.dispose();
  }
}
