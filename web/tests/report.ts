// Where the benchmarks of the page write: between two marks of docs/benchmarks.md, when
// IRIS_BENCH_OUT names the file.
import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';

export type Row = Readonly<Record<string, string | number>>;

/** When and at which load it was measured. */
export function circumstances(): string {
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, load ${loadavg()[0]?.toFixed(1)} at the beginning, Chromium with software WebGL`;
}

function table(rows: readonly Row[]): string {
  const heads = Object.keys(rows[0] ?? {});
  const line = (cells: (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map((row) => line(heads.map((head) => row[head] ?? ''))),
  ].join('\n');
}

/** Prints rows, and puts them in their place in the document. */
export async function report(name: string, words: string, rows: readonly Row[]): Promise<void> {
  console.log(words);
  console.table(rows);
  const file = process.env.IRIS_BENCH_OUT;
  if (!file) return;
  const text = await readFile(file, 'utf8');
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${name}`);
  const made = `${text.slice(0, from + begin.length)}\n${words}\n\n${table(rows)}\n${text.slice(to)}`;
  await writeFile(file, made);
}
