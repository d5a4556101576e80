/** JSON Schema in words: what a value may be, for tables that people read. */

/** The parts of JSON Schema that zod writes for our definitions. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

export const alternatives = (schema: JsonSchema): readonly JsonSchema[] => schema.oneOf ?? schema.anyOf ?? [];

/** The name that tells this alternative from the others: `mean` of `{ name: mean, ... }`. */
export const nameOf = (schema: JsonSchema): string | undefined => schema.properties?.['name']?.const as string | undefined;

const literal = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** `in (0, 1]`, `>= 2`; the largest safe integer is no bound worth telling. */
function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const low = exclusiveMinimum ?? minimum;
  const upper = exclusiveMaximum ?? maximum;
  const high = upper === Number.MAX_SAFE_INTEGER ? undefined : upper;
  if (low === undefined) return high === undefined ? '' : exclusiveMaximum === undefined ? ` <= ${high}` : ` < ${high}`;
  if (high === undefined) return exclusiveMinimum === undefined ? ` >= ${low}` : ` > ${low}`;
  return ` in ${exclusiveMinimum === undefined ? '[' : '('}${low}, ${high}${exclusiveMaximum === undefined ? ']' : ')'}`;
}

/** What a value of this schema may be. */
export function valueText(schema: JsonSchema): string {
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(', ');
  const among = alternatives(schema);
  if (among.length > 0) return [...new Set(among.map(valueText))].join(' or ');
  if (schema.type === 'array') {
    const element = schema.items === undefined ? '' : valueText(schema.items);
    return element === '' ? 'list' : `list of ${element}`;
  }
  if (schema.type === 'object') {
    const name = nameOf(schema);
    if (name !== undefined) return `\`{ name: ${name} }\``;
    const keys = Object.keys(schema.properties ?? {});
    return keys.length > 0 ? `\`{ ${keys.join(', ')} }\`` : 'mapping';
  }
  if (schema.type === 'string') return 'text';
  return schema.type === undefined ? 'any value' : `${schema.type}${range(schema)}`;
}

/** The default, `required`, or nothing where the key may be left out. */
export function defaultText(schema: JsonSchema, required: boolean): string {
  if (schema.default === undefined) return required ? 'required' : '';
  const isObject = typeof schema.default === 'object' && schema.default !== null && !Array.isArray(schema.default);
  if (!isObject) return literal(Array.isArray(schema.default) ? `[${schema.default.join(', ')}]` : schema.default);
  const entries = Object.entries(schema.default as object);
  return entries.length === 0 ? '' : `\`{ ${entries.map(([key, value]) => `${key}: ${String(value)}`).join(', ')} }\``;
}

/** Keys a schema does not require because they have a default are required in what comes out. */
export const isRequired = (owner: JsonSchema, key: string): boolean => owner.required?.includes(key) ?? false;
