export function WorkersPage(_: { readonly studyKey?: string; readonly runKey?: string }) {
  return null;
}
