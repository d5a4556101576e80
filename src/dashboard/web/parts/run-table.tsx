export function RunTable() {
  return null;
}
