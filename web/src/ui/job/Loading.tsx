/** The place of a page whose content is on its way. */
export function Loading({ text }: { text: string }) {
  return (
    <main id="main" className="page" tabIndex={-1} data-status="loading" aria-busy="true">
      <p className="loading soft">{text}</p>
    </main>
  );
}
