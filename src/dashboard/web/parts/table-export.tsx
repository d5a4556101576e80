export function TableExport(_: Record<string, unknown>) {
  return null;
}
