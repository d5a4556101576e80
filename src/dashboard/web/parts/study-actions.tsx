export function StudyActions(_: Record<string, unknown>) {
  return null;
}
