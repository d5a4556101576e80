export function BestCells(_: Record<string, unknown>) {
  return null;
}
