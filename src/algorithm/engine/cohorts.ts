/** Who takes part in a round, who lies, and whether the round refreshes: the server's draws, or those put in their place. */
import type { Draws } from '../../shared/contracts/draws.ts';
import type { Arrays } from '../../shared/contracts/memory.ts';
import type { Asking, RefreshRule } from '../../shared/contracts/method.ts';
import type { Cohort } from '../../shared/contracts/participation.ts';
import { requireDistinct } from '../random/given-draws.ts';
import { sampleSubset } from '../random/sampling.ts';
import { KeyedStream } from '../random/streams.ts';
import type { CompiledExperiment } from './compile.ts';

export class Cohorts {
  readonly everyone: Cohort;
  /** 1 for each client that lies in this round. */
  readonly byzantine: Uint8Array;

  readonly #compiled: CompiledExperiment;
  readonly #samplerState: Arrays;
  readonly #draws: Draws | undefined;
  readonly #cohort: Cohort;
  readonly #liars: Int32Array;
  readonly #coin: KeyedStream;
  readonly #sampler: KeyedStream;
  readonly #identity: KeyedStream;
  #k = 0;

  constructor(compiled: CompiledExperiment, samplerState: Arrays, draws: Draws | undefined) {
    const { seed, clients } = compiled.experiment;
    const n = clients.total;
    this.#compiled = compiled;
    this.#samplerState = samplerState;
    this.#draws = draws;
    this.everyone = { clients: Int32Array.from({ length: n }, (_, i) => i), size: n };
    this.byzantine = new Uint8Array(n);
    this.#cohort = { clients: new Int32Array(n), size: 0 };
    this.#liars = new Int32Array(n);
    this.#coin = new KeyedStream(seed, 'refresh');
    this.#sampler = new KeyedStream(seed, 'cohort');
    this.#identity = new KeyedStream(seed, 'identity');
    this.begin(0);
  }

  /** Moves to round k: the last clients lie, or a set drawn anew every `redrawEvery` rounds. */
  begin(k: number): void {
    this.#k = k;
    const { total, byzantine, byzantineIdentity } = this.#compiled.experiment.clients;
    if (byzantineIdentity === 'fixed') {
      if (k === 0) this.byzantine.fill(1, total - byzantine);
      return;
    }
    const epoch = Math.floor(k / byzantineIdentity.redrawEvery);
    sampleSubset(this.#identity.at(epoch), total, byzantine, this.#liars);
    this.byzantine.fill(0);
    for (let i = 0; i < byzantine; i++) this.byzantine[this.#liars[i]!] = 1;
  }

  /** How many of a cohort lie. */
  countByzantine(cohort: Cohort): number {
    let count = 0;
    for (let i = 0; i < cohort.size; i++) count += this.byzantine[cohort.clients[i]!]!;
    return count;
  }

  refreshes(rule: RefreshRule): boolean {
    const given = this.#draws?.refresh?.(this.#k);
    if (given !== undefined) return given;
    return 'every' in rule ? this.#k % rule.every === 0 : this.#coin.at(this.#k).uniform() < rule.probability;
  }

  /** The cohort of this round; the same object for every round. */
  *sample(size: 'small' | 'large'): Asking<Cohort> {
    const given = this.#draws?.cohort?.(this.#k);
    if (given === undefined) {
      yield* this.#compiled.participation[size](
        { k: this.#k, total: this.everyone.size, stream: this.#sampler.at(this.#k), state: this.#samplerState },
        this.#cohort,
      );
      return this.#cohort;
    }
    requireDistinct(given, this.everyone.size, `draws.cohort(${this.#k})`);
    this.#cohort.clients.set(Int32Array.from(given).sort());
    this.#cohort.size = given.length;
    return this.#cohort;
  }
}
