import type { Reader } from '../api/client';
import { decodeJob, type Job } from '../api/job';

const TIME = '2026-01-02T03:04:05Z';
const ID = '01JD0000000000000000000001';

export const artifact = (media_type = 'application/octet-stream', bytes = 1000) => ({
  bytes,
  sha256: 'ab'.repeat(32),
  media_type,
});

export const structure = (name: string, volume_ml: number, more: object = {}) => ({
  label: 1,
  name,
  volume_ml,
  mesh_ml: volume_ml,
  surface_cm2: volume_ml / 2,
  partial: false,
  watertight: true,
  ...more,
});

/** A job as the API would tell it, decoded as the page does. */
export function jobOf(status: string, more: object = {}): Job {
  return decodeJob(
    {
      id: ID,
      status,
      attempt: 1,
      options: { task: 'total', fast: false, modality: 'CT', smoothing: 0.5 },
      created_at: TIME,
      updated_at: TIME,
      expires_at: '2026-04-02T03:04:05Z',
      stages: [],
      artifacts: {},
      structures: [],
      warnings: [],
      error: null,
      cost_usd: 0,
      ...more,
    },
    'job',
  );
}

/** A reader of which nothing is asked: everything it would fetch never comes. */
export const silentReader = (shared = false): Reader => ({
  id: ID,
  shared,
  job: () => new Promise(() => {}),
  sign: () => new Promise(() => {}),
});
