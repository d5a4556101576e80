/** What went wrong, in a sentence. */
export function ErrorNotice({ message }: { readonly message: string }) {
  return (
    <div class="notice bad" role="alert">
      <strong aria-hidden="true">!</strong>
      <span>{message}</span>
    </div>
  );
}
