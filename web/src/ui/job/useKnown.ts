import { useEffect, useMemo, useState } from 'react';
import { isNamed, type Table } from '../../anatomy/names';
import { readArtifact } from '../../api/artifact';
import type { Reader } from '../../api/client';
import type { Job } from '../../api/job';
import { decodeMeasurements, type Measured } from '../../api/measurements';
import type { Language } from '../../i18n/i18n';
import { colourIn, type ViewState } from '../../viewer/state';
import type { Structure, Vector } from '../../viewer/structure';
import { type Row, rowsOf } from './rows';

/** What measurements.json says; empty until it is there. Without it the job's own table is enough. */
export function useMeasured(reader: Reader, job: Job): readonly Measured[] {
  const [measured, setMeasured] = useState<readonly Measured[]>([]);
  const sha = job.artifacts.get('measurements.json')?.sha256;
  useEffect(() => {
    if (sha === undefined) return;
    const stop = new AbortController();
    readArtifact(reader, 'measurements.json', { signal: stop.signal })
      .then((bytes) => decodeMeasurements(JSON.parse(new TextDecoder().decode(bytes)), 'measurements'))
      .then(({ structures }) => stop.signal.aborted || setMeasured(structures))
      .catch(() => {}); // names and densities are missing then, nothing else
    return () => stop.abort();
  }, [reader, sha]);
  return measured;
}

/** Rows, structures and colours of a job, of whatever is known so far. */
export function useKnown(
  job: Job,
  measured: readonly Measured[],
  model: readonly Structure[],
  view: ViewState,
  language: Language,
  searching: boolean,
): { rows: Row[]; structures: readonly Structure[]; colours: ReadonlyMap<string, string> } {
  const table = useTable(searching || [...model, ...measured].some((one) => !isNamed(one)));
  const rows = useMemo(
    () => rowsOf({ job, measured, model, table }, language),
    [job, measured, model, table, language],
  );
  const structures = useMemo(() => (model.length > 0 ? model : measured.map((one) => standIn(one))), [model, measured]);
  const { colours: chosen, palette } = view;
  const colours = useMemo(
    // Before the model is there nobody knows its colours.
    () => new Map(model.map((s) => [s.name, colourIn({ ...view, colours: chosen, palette }, s)])),
    [model, chosen, palette, view],
  );
  return { rows, structures, colours };
}

/** Our names and Latin words, from when they are wanted: by a search, or for a label map that has no names. */
function useTable(wanted: boolean): Table | null {
  const [table, setTable] = useState<Table | null>(null);
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    import('../../anatomy/table').then(
      (module) => gone || setTable(module.table),
      () => {}, // class names have to do then
    );
    return () => {
      gone = true;
    };
  }, [wanted]);
  return table;
}

const ZERO: Vector = [0, 0, 0];
const vector = (mm: number[] | undefined): Vector => (mm?.length === 3 ? (mm as unknown as Vector) : ZERO);

/** A structure without its model, for a browser that draws none. */
function standIn(one: Measured): Structure {
  const { label, name, volume_ml, mesh_ml, surface_cm2, partial, watertight } = one;
  const names = {
    name_en: one.name_en ?? '',
    name_es: one.name_es ?? '',
    snomed: one.snomed ?? '',
    group: one.group ?? '',
  };
  const numbers = { volume_ml, mesh_ml, surface_cm2, partial, watertight, triangles: 0 };
  return { label, name, ...names, ...numbers, colour: '#808080', low: vector(one.min_mm), high: vector(one.max_mm) };
}
