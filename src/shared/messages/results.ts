/**
 * What reports, exports and the JSON contract are made from: plain data, already read from the ledger.
 */
import type { RunCurves, StudyRun } from '../contracts/ledger.ts';

/** Everything a report of one study shows. */
export interface StudyReportData {
  readonly study: string;
  readonly studyKey: string;
  readonly source: string;
  /** Varied parameters in study order: path, and its values as short labels in order. */
  readonly parameters: readonly { readonly path: string; readonly labels: readonly string[] }[];
  readonly runs: readonly (StudyRun & { readonly curves: RunCurves })[];
  /** Versions and facts: marinade, node, numericsVersion, data sets with their hashes, optima with certificates. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** Probability of a byzantine majority in the small cohort, per cell label, where participation is uniform. */
  readonly majorityProbability: Readonly<Record<string, number>>;
}
