export function Comparison(_: Record<string, unknown>) {
  return null;
}
