/** `marinade init`: a commented study to begin with, and beside it the schema that editors check and complete it with. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { writeFileDurably } from '../../orchestrator/results/durable-file.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { print, say } from '../output.ts';
import { schemaText } from '../study-schema.ts';

const SCHEMA_FILE = 'marinade.schema.json';

const template = `# yaml-language-server: $schema=./${SCHEMA_FILE}
#
# A study: one base experiment, the parameters to vary, the seeds.
#   marinade plan <this file>            the runs it makes, and how long they take
#   marinade run <this file> --report    carries it out; running it again goes on where it stopped
study: my-first-study
description: Does clipping gradient differences survive rounds in which the liars are the majority?

experiment:
  problem: { name: logistic-regression, l2: 0.01 } # loss + l2/2 * |x|^2
  # A registered data set (\`marinade data list\`), or { file: path.libsvm }. Without a9a this runs, and says so, on a stand-in.
  data: { name: a9a, normalize: rows, fallback: synthetic-adult }
  partition: { name: homogeneous } # or iid, dirichlet, label-sorted: who holds which rows
  clients: { total: 20, byzantine: 5 } # the last 5 lie
  participation: { name: uniform, cohort: 4, largeCohort: 20 } # sampled in a usual round, and in a refresh round
  method:
    name: byz-vr-marina-pp
    stepSize: 0.1
    batchSize: 32
    refresh: { probability: 0.01 } # how often full gradients are sent
  clipping: { name: step-proportional, factor: 1 } # lambda = factor * |x^{k+1} - x^k|
  compressor: { name: identity }
  aggregator: { name: coordinate-median, preAggregators: [{ name: bucketing, size: 2 }] }
  attack: { name: shift-back }
  rounds: 2000
  metrics: { every: 20, names: [optimality-gap, gradient-norm, byzantine-majority, gradient-evaluations, uplink-bits] }

# A path to a value, or to a whole object, with the values to try: the full product is run.
parameters:
  clipping:
    - { name: none }
    - { name: step-proportional, factor: 1 }
    - { name: step-proportional, factor: 0.1 }

seeds: 0..2 # both ends included; the same seeds in all cells

# Cells to leave out, by their values or by a condition:
# exclude: [{ clipping.name: none, attack.name: shift-back }]
# where: "clients.byzantine < clients.total / 2"
`;

export async function init(file: string, { force }: { readonly force: boolean }): Promise<void> {
  const path = resolve(file);
  if (!force && existsSync(path))
    throw new MarinadeError('MARINADE_CONFIG_USAGE', `'${file}' exists already; choose another name, or pass --force`);
  const schemaPath = join(dirname(path), SCHEMA_FILE);
  await writeFileDurably(schemaPath, `${await schemaText([])}\n`);
  await writeFileDurably(path, template);
  print(relative(process.cwd(), path));
  say(`with ${relative(process.cwd(), schemaPath)} for your editor; next: marinade run ${file} --report`);
}
