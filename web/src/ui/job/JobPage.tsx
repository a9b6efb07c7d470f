export default function JobPage({ id }: { id: string }) {
  return (
    <main id="main" data-status="loading">
      {id}
    </main>
  );
}
