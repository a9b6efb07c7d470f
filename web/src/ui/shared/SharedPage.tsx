export default function SharedPage({ id }: { id: string }) {
  return <main id="main">{id}</main>;
}
