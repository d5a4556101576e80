export function SubmitPage(_: { readonly studyKey?: string; readonly runKey?: string }) {
  return null;
}
