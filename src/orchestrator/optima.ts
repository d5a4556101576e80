/** f* of objectives, each found once: in the ledger, or solved and stored there. */
import type { Ledger, StoredOptimum } from '../shared/contracts/ledger.ts';

interface OptimaParts {
  readonly ledger: Pick<Ledger, 'optimum' | 'storeOptimum'>;
  solveOptimum(experiment: string): Promise<StoredOptimum>;
}

export class Optima {
  readonly #parts: OptimaParts;
  readonly #found = new Map<string, Promise<number>>();

  constructor(parts: OptimaParts) {
    this.#parts = parts;
  }

  of(objectiveKey: string, experiment: string): Promise<number> {
    let found = this.#found.get(objectiveKey);
    if (found === undefined) {
      found = this.#find(objectiveKey, experiment);
      this.#found.set(objectiveKey, found);
      // A failure is not kept: the data may be there next time.
      found.catch(() => this.#found.delete(objectiveKey));
    }
    return found;
  }

  async #find(objectiveKey: string, experiment: string): Promise<number> {
    const { ledger, solveOptimum } = this.#parts;
    const stored = await ledger.optimum(objectiveKey);
    if (stored !== undefined) return stored.value;
    const solved = await solveOptimum(experiment);
    await ledger.storeOptimum(objectiveKey, solved);
    return solved.value;
  }
}
