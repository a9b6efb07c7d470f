/** The formats that an export is made in. */
export const FORMATS = ['glb', 'stl', '3mf', 'obj', 'ply', 'usdz', 'mz3', 'zip'] as const;
export type Format = (typeof FORMATS)[number];
