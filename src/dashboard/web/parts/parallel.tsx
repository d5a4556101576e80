export function Parallel(_: Record<string, unknown>) {
  return null;
}
