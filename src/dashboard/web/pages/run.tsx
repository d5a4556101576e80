export function RunPage(_: { readonly studyKey?: string; readonly runKey?: string }) {
  return null;
}
