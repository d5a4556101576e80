/** JSON text of plain data whose numbers may be what JSON cannot say. */

/** JSON text in which non-finite numbers are the strings NaN, Infinity and -Infinity. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'number' && !Number.isFinite(member) ? String(member) : member));
}
