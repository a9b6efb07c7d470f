import { flag, integer, list, number, object, text } from './decode';

// measurements.json: what was measured of each structure, in world RAS millimetres.

const structure = object(
  {
    label: integer,
    name: text,
    volume_ml: number,
    mesh_ml: number,
    surface_cm2: number,
    components: integer,
    partial: flag,
    watertight: flag,
  },
  {
    name_en: text,
    name_es: text,
    snomed: text,
    group: text,
    min_mm: list(number),
    max_mm: list(number),
    centroid_mm: list(number),
    hu: object({ mean: number, sd: number }),
  },
);
export type Measured = ReturnType<typeof structure>;

export const decodeMeasurements = object({ structures: list(structure) });
