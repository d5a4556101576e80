/** `marinade schema`: the JSON Schema of a study. */
import { print } from '../output.ts';
import { modulesOf } from '../pool.ts';
import { schemaText } from '../study-schema.ts';

export async function schema(options: { readonly strategies: readonly string[] }): Promise<void> {
  print(await schemaText(modulesOf(options)));
}
