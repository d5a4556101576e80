/**
 * The kernels over a WebAssembly instance on a given memory. Arrays must be views of that memory: an address is all the
 * module is given, so a view of another buffer is refused here, before it could be read as something else.
 *
 * An instance belongs to one thread; several instances on one memory share nothing but what they are handed.
 */
import type { Kernels, Link, StreamKey } from '../../shared/contracts/kernels.ts';
import type { Dataset } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { Vector } from '../../shared/vector.ts';
import { gramScratch } from './reference/geometry.ts';
import { shrink } from './reference/vectors.ts';
import { wasmBytes } from './wasm-bytes.generated.ts';
import type { Address, WasmExports } from './wasm-exports.ts';

/** As in source/scalar.ts. */
const CONSTANTS = 40;
/** As in source/sparse-rows.ts: what belongs to a block of rows, then pairs of coordinates. */
const BLOCK_BYTES = 256 * 40;
const PAIRED_COORDINATES = 4096;
const SCRATCH_DOUBLES = BLOCK_BYTES / 8 + 2 * PAIRED_COORDINATES;
const FEW_ROWS = 64;

const links = { logistic: 0, squared: 1 } as const satisfies Record<Link, number>;

/** Where the memory comes from that kernels need for themselves. */
export interface KernelMemory {
  readonly memory: WebAssembly.Memory;
  doubles(length: number): Float64Array;
  ints(length: number): Int32Array;
}

interface DataAddresses {
  readonly rowStart: Address;
  readonly columnOf: Address;
  readonly values: Address;
  readonly rowValue: Address;
  readonly columnStart: Address;
  readonly rowOf: Address;
  readonly columnValues: Address;
}

let compiled: WebAssembly.Module | undefined;

function compiledModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(decoded(wasmBytes));
  return compiled;
}

/** A plain loop: a callback a byte would be a tenth of a second in code that runs once. */
function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Instantiates the kernels on a memory. */
export function createWasmKernels(own: KernelMemory): Kernels {
  const { buffer } = own.memory;
  const wasm = new WebAssembly.Instance(compiledModule(), { env: { memory: own.memory } }).exports as WasmExports;
  const constants = own.doubles(CONSTANTS).byteOffset;
  wasm.storeConstants(constants);
  const scratch = own.doubles(SCRATCH_DOUBLES).byteOffset;
  let table = own.ints(FEW_ROWS);
  let lanes = own.doubles(8 * FEW_ROWS);

  const at = (view: Float64Array | Int32Array): Address => {
    if (view.buffer !== buffer) {
      throw new MarinadeError(
        'MARINADE_PRECONDITION_UNSUPPORTED',
        `wasm kernels compute on arrays of the run's memory; got one of ${view.length} numbers from elsewhere. A strategy declares such arrays as state or workspace; --kernels reference takes any`,
      );
    }
    return view.byteOffset;
  };
  /** The address of an array that must hold at least so many entries. */
  const atLeast = (view: Float64Array | Int32Array, length: number): Address => {
    if (view.length < length) {
      throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `a wasm kernel needs an array of ${length}; got one of ${view.length}`);
    }
    return at(view);
  };
  const atOrZero = (view: Float64Array | Int32Array | null | undefined): Address => (view == null ? 0 : at(view));

  /** Room for so many addresses. */
  const tableFor = (length: number): Int32Array => {
    if (length > table.length) table = own.ints(2 * length);
    return table;
  };
  /** Writes the addresses of the first n rows to the table and returns where it lies. */
  const tableOf = (rows: readonly Vector[], n: number, d: number, room = n): Address => {
    const addresses = tableFor(room);
    for (let i = 0; i < n; i++) addresses[i] = atLeast(rows[i]!, d);
    return addresses.byteOffset;
  };

  const known = new WeakMap<Dataset, DataAddresses>();
  let lastData: Dataset | undefined;
  let last!: DataAddresses;
  const addressesOf = (data: Dataset): DataAddresses => {
    if (data === lastData) return last;
    let found = known.get(data);
    if (found === undefined) {
      found = {
        rowStart: at(data.rowStart),
        columnOf: at(data.columnOf),
        values: atOrZero(data.values),
        rowValue: atOrZero(data.rowValue),
        columnStart: at(data.columnStart),
        rowOf: at(data.rowOf),
        columnValues: atOrZero(data.columnValues),
      };
      known.set(data, found);
    }
    lastData = data;
    last = found;
    return found;
  };

  const dot = (a: Vector, b: Vector): number => wasm.dot(at(a), atLeast(b, a.length), a.length);
  const norm = (a: Vector): number => {
    const address = at(a);
    return Math.sqrt(wasm.dot(address, address, a.length));
  };
  const scale = (alpha: number, x: Vector, out: Vector): Vector => {
    wasm.scale(alpha, atLeast(x, out.length), out.length, at(out));
    return out;
  };

  return {
    name: 'wasm',

    drawBelow({ client, round, purpose, key0, key1 }: StreamKey, used, m, count, out) {
      return wasm.drawBelow(client, round, purpose, key0, key1, used, m, count, atLeast(out, count));
    },

    dot,
    norm,
    distance: (a, b) => Math.sqrt(wasm.squaredDistance(at(a), atLeast(b, a.length), a.length)),
    axpy(alpha, x, y, out) {
      const d = out.length;
      wasm.axpy(alpha, atLeast(x, d), atLeast(y, d), d, at(out));
      return out;
    },
    add(a, b, out) {
      const d = out.length;
      wasm.add(atLeast(a, d), atLeast(b, d), d, at(out));
      return out;
    },
    subtract(a, b, out) {
      const d = out.length;
      wasm.subtract(atLeast(a, d), atLeast(b, d), d, at(out));
      return out;
    },
    scale,
    scaledDifference(alpha, a, b, out) {
      const d = out.length;
      wasm.scaledDifference(alpha, atLeast(a, d), atLeast(b, d), d, at(out));
      return out;
    },
    isFiniteVector: (x) => wasm.isFiniteVector(at(x), x.length) !== 0,
    clipInPlace(v, level) {
      const length = norm(v);
      if (length > level) {
        if (length === Number.POSITIVE_INFINITY) shrink(v);
        scale(level / (length === Number.POSITIVE_INFINITY ? norm(v) : length), v, v);
      }
      return length;
    },
    meanOfRows(rows, n, out) {
      if (n === 1) out.set(rows[0]!);
      else wasm.meanOfRows(tableOf(rows, n, out.length), n, out.length, at(out));
      return out;
    },
    weightedSumOfRows(rows, weights, n, out) {
      wasm.weightedSumOfRows(tableOf(rows, n, out.length), atLeast(weights, n), n, out.length, at(out));
      return out;
    },
    standardDeviationOfRows(rows, n, mean, out) {
      if (n < 2) out.fill(0);
      else wasm.standardDeviationOfRows(tableOf(rows, n, out.length), n, atLeast(mean, out.length), out.length, at(out));
      return out;
    },

    medianOfColumns(matrix, n, d, tile, out) {
      if (n === 1) out.set(matrix.subarray(0, d));
      else wasm.medianOfColumns(atLeast(matrix, n * d), n, d, atLeast(tile, 2 * n), atLeast(out, d));
    },
    trimmedMeanOfColumns(matrix, n, d, trim, tile, out) {
      if (n === 1) out.set(matrix.subarray(0, d));
      else wasm.trimmedMeanOfColumns(atLeast(matrix, n * d), n, d, trim, atLeast(tile, 2 * n), atLeast(out, d));
    },
    squaredDistancesTo(rows, n, z, squared) {
      const point = at(z);
      for (let i = 0; i < n; i++) squared[i] = wasm.squaredDistance(atLeast(rows[i]!, z.length), point, z.length);
    },
    weightedSumAndDistances(rows, weights, n, out, squared) {
      const d = out.length;
      if (8 * n > lanes.length) lanes = own.doubles(16 * n);
      wasm.weightedSumAndDistances(tableOf(rows, n, d), atLeast(weights, n), n, d, at(out), lanes.byteOffset, atLeast(squared, n));
    },
    meansOfNeighbors(rows, nearest, n, count, outs) {
      if (n === 0) return;
      const d = outs[0]!.length;
      const addresses = tableFor(n * count + n);
      for (let l = 0; l < n * count; l++) addresses[l] = atLeast(rows[nearest[l]!]!, d);
      for (let i = 0; i < n; i++) addresses[n * count + i] = atLeast(outs[i]!, d);
      wasm.meansOfNeighbors(addresses.byteOffset, n, count, d, addresses.byteOffset + 4 * n * count);
    },
    gramOfRows(rows, n, d, centre, scratch, gram) {
      const origin = centre === null ? 0 : atLeast(centre, d);
      const rowTable = tableOf(rows, n, d, 2 * n);
      const blocks = origin === 0 ? 0 : atLeast(scratch, gramScratch(n));
      for (let i = 0; i < n; i++) table[n + i] = blocks + 8 * gramScratch(i);
      wasm.gramOfRows(rowTable, n, d, origin, rowTable + 4 * n, atLeast(gram, n * n));
    },
    pairwiseSquaredDistances(rows, n, d, squared) {
      wasm.pairwiseSquaredDistances(tableOf(rows, n, d), n, d, atLeast(squared, n * n));
    },

    addBatchGradient(link, data, labels, rows, batch, b, x, out) {
      const { rowStart, columnOf, values, rowValue } = addressesOf(data);
      const list = atLeast(batch, b);
      const d = data.columns;
      wasm.addBatchGradient(
        links[link],
        rowStart,
        columnOf,
        values,
        rowValue,
        at(labels),
        atOrZero(rows),
        list,
        b,
        atLeast(x, d),
        constants,
        scratch,
        atLeast(out, d),
      );
    },
    addBatchDifference(link, data, labels, rows, batch, b, x, xPrevious, out) {
      const { rowStart, columnOf, values, rowValue } = addressesOf(data);
      const list = atLeast(batch, b);
      const d = data.columns;
      const interleave = d <= PAIRED_COORDINATES && b * data.columnOf.length >= d * data.rows ? 1 : 0;
      wasm.addBatchDifference(
        links[link],
        rowStart,
        columnOf,
        values,
        rowValue,
        at(labels),
        atOrZero(rows),
        list,
        b,
        atLeast(x, d),
        atLeast(xPrevious, d),
        d,
        interleave,
        constants,
        scratch,
        atLeast(out, d),
      );
    },
    addRowsGradient(link, data, labels, rows, x, factor, out) {
      const { rowStart, columnOf, values, rowValue } = addressesOf(data);
      const d = data.columns;
      wasm.addRowsGradient(
        links[link],
        rowStart,
        columnOf,
        values,
        rowValue,
        at(labels),
        at(rows),
        rows.length,
        atLeast(x, d),
        factor,
        constants,
        scratch,
        atLeast(out, d),
      );
    },
    slopesAndLoss(link, data, labels, weights, x, slopes, wantLoss) {
      const { rowStart, columnOf, values, rowValue } = addressesOf(data);
      return wasm.slopesAndLoss(
        links[link],
        data.rows,
        rowStart,
        columnOf,
        values,
        rowValue,
        at(labels),
        atOrZero(weights),
        atLeast(x, data.columns),
        wantLoss ? 1 : 0,
        constants,
        scratch,
        atLeast(slopes, data.rows),
      );
    },
    gatherColumns(data, slopes, factor, out) {
      const { columnStart, rowOf, columnValues, rowValue } = addressesOf(data);
      const { rows, columns } = data;
      wasm.gatherColumns(rows, columns, columnStart, rowOf, columnValues, rowValue, atLeast(slopes, rows), factor, atLeast(out, columns));
    },
    weightedMargins(data, weights, x, out) {
      const { rowStart, columnOf, values, rowValue } = addressesOf(data);
      const { rows, columns } = data;
      wasm.weightedMargins(rows, rowStart, columnOf, values, rowValue, atOrZero(weights), atLeast(x, columns), atLeast(out, rows));
    },
    curvatures(link, data, weights, x, out) {
      const { rowStart, columnOf, values, rowValue } = addressesOf(data);
      const { rows, columns } = data;
      wasm.curvatures(
        links[link],
        rows,
        rowStart,
        columnOf,
        values,
        rowValue,
        atOrZero(weights),
        atLeast(x, columns),
        constants,
        scratch,
        atLeast(out, rows),
      );
    },
  };
}
