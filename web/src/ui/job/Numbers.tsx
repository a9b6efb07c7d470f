/** Values under their names; what is not known is left out. */
export function Numbers({ of }: { of: readonly (readonly [name: string, value: string | null])[] }) {
  return (
    <dl className="numbers">
      {of.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
