/** The JSON Schema of a study, derived from the definitions that check it: what an editor completes and explains. */
import { z } from 'zod';
import { experimentSchema } from '../algorithm/experiment.ts';
import { studySchema } from '../orchestrator/plan/read-study.ts';
import { loadCatalog } from '../worker/strategy-modules.ts';

type JsonSchema = { -readonly [Key in keyof z.core.JSONSchema.JSONSchema]: z.core.JSONSchema.JSONSchema[Key] };

/** @param modules absolute paths of users' strategy modules */
export async function schemaText(modules: readonly string[]): Promise<string> {
  const catalog = await loadCatalog(modules);
  const schema = z.toJSONSchema(studySchema.extend({ experiment: experimentSchema(catalog) }), {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Every integer carries the largest safe one, which tells a reader nothing.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as JsonSchema;
  // What the base leaves out may come from `parameters`: nothing is required of it alone.
  const experiment = schema.properties?.['experiment'] as JsonSchema;
  delete experiment.required;
  return JSON.stringify({ ...schema, title: 'marinade study' }, null, 2);
}
