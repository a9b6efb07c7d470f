import { folded, GROUPS, type Group, groupOf, otherSide, type Table, titleOf } from '../../anatomy/names';
import type { Job } from '../../api/job';
import type { Measured } from '../../api/measurements';
import type { Language } from '../../i18n/i18n';
import type { Structure } from '../../viewer/structure';

/** A structure as the list shows it, from whatever is known of it so far. */
export interface Row {
  name: string;
  label: number;
  title: string;
  /** The name in the other language. */
  also: string;
  latin: string;
  group: Group;
  snomed: string;
  volume: number | null;
  surface: number | null;
  triangles: number | null;
  hu: { mean: number; sd: number } | null;
  pieces: number | null;
  partial: boolean;
  watertight: boolean | null;
  /** The same structure on the other side, if the model has it. */
  pair: string | null;
  /** What a search looks at, folded. */
  words: string;
}

export interface Section {
  group: Group;
  rows: Row[];
  volume: number;
}

/** What is known of the structures: of the job's record, of measurements.json, of the model that is shown, of our table. */
export interface Known {
  job: Pick<Job, 'structures'>;
  measured: readonly Measured[];
  model: readonly Structure[];
  table: Table | null;
}

/** The rows of a model, in the order of groups and, within one, of names as people count. */
export function rowsOf({ job, measured, model, table }: Known, language: Language): Row[] {
  const names = new Set([...job.structures, ...measured, ...model].map((s) => s.name));
  const find = <T extends { name: string }>(all: readonly T[]) => new Map(all.map((s) => [s.name, s]));
  const [records, measures, shown] = [find(job.structures), find(measured), find(model)];
  const other = language === 'es' ? 'en' : 'es';
  const rows = [...names].map((name): Row => {
    const record = records.get(name);
    const measure = measures.get(name);
    const drawn = shown.get(name);
    const told = drawn ?? measure ?? { name };
    const numbers = record ?? measure ?? drawn;
    const title = titleOf(told, language, table);
    const also = titleOf(told, other, table);
    const latin = table?.latinOf(name) ?? '';
    const pair = otherSide(name);
    return {
      name,
      label: numbers?.label ?? 0,
      title,
      also: also === title ? '' : also,
      latin,
      group: groupOf(drawn?.group || measure?.group || table?.known(name)?.group || ''),
      snomed: drawn?.snomed || measure?.snomed || '',
      volume: numbers?.volume_ml ?? null,
      surface: numbers?.surface_cm2 ?? null,
      triangles: record?.triangles ?? drawn?.triangles ?? null,
      hu: measure?.hu ?? null,
      pieces: measure?.components ?? null,
      partial: numbers?.partial ?? false,
      watertight: numbers?.watertight ?? null,
      pair: pair !== null && names.has(pair) ? pair : null,
      words: folded([title, also, latin, name.replaceAll('_', ' '), name].join(' ')),
    };
  });
  const order = titles(language);
  return rows.sort(
    (a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || order.compare(a.title, b.title) || a.label - b.label,
  );
}

/** The order of titles: rib 2 before rib 10, accents and capitals aside. */
function titles(language: Language): Intl.Collator {
  return new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
}

/** Rows by group, each with the sum of its volumes. */
export function sectionsOf(rows: readonly Row[]): Section[] {
  return GROUPS.map((group) => {
    const members = rows.filter((row) => row.group === group);
    return { group, rows: members, volume: members.reduce((sum, row) => sum + (row.volume ?? 0), 0) };
  }).filter((section) => section.rows.length > 0);
}

/** The rows that a search finds: every word of it begins a word of the structure. */
export function searched(rows: readonly Row[], query: string): Row[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  return rows.filter((row) => words.every((word) => beginsIn(row.words, word)));
}

function beginsIn(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return true;
  }
  return false;
}

export const PRESETS = ['all', 'bones', 'vessels', 'organs'] as const;
export type Preset = (typeof PRESETS)[number];
const MEMBERS: Record<Exclude<Preset, 'all'>, readonly Group[]> = {
  bones: ['skeleton', 'spine', 'ribs'],
  vessels: ['vessels', 'heart'],
  organs: ['organs', 'lungs', 'heart', 'nervous_system'],
};

/** The names of a preset; empty where the model has none of it. */
export function presetOf(rows: readonly Row[], preset: Preset): string[] {
  return rows.filter((row) => preset === 'all' || MEMBERS[preset].includes(row.group)).map((row) => row.name);
}

/** How much of some names is visible: what the eye of a group shows. */
export function eyeOf(names: readonly string[], hidden: ReadonlySet<string>): 'all' | 'some' | 'none' {
  const seen = names.filter((name) => !hidden.has(name)).length;
  return seen === 0 ? 'none' : seen === names.length ? 'all' : 'some';
}

export type Column = 'title' | 'volume' | 'surface' | 'hu';

/** Rows by a column; what has no value comes last either way. */
export function sorted(rows: readonly Row[], by: Column, down: boolean, language: Language): Row[] {
  const order = titles(language);
  const value = (row: Row) => (by === 'hu' ? (row.hu?.mean ?? null) : by === 'title' ? null : row[by]);
  const turn = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    if (by === 'title') return turn * order.compare(a.title, b.title);
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    return turn * (x - y) || order.compare(a.title, b.title);
  });
}

/** The rows as CSV, with a heading in the language; numbers with a point, as programs read them. */
export function csvOf(rows: readonly Row[], heading: readonly string[]): string {
  const round = (x: number | null | undefined) => (x == null ? '' : String(Math.round(x * 1000) / 1000));
  const lines = rows.map((row) => [
    cell(row.name),
    cell(row.title),
    cell(row.snomed),
    row.group,
    round(row.volume),
    round(row.surface),
    round(row.hu?.mean),
    round(row.hu?.sd),
    String(row.partial),
  ]);
  return `${[heading.map(cell), ...lines].map((line) => line.join(',')).join('\r\n')}\r\n`;
}

/** A cell that is no formula in a spreadsheet, whatever a label table calls a structure. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
