import { type Decoder, flag, integer, list, map, number, object, oneOf, orNull, text, time } from './decode';

// A job as GET /v1/jobs/{id} shows it (DESIGN.md §7, internal/api/openapi.json). The type is
// a union by status, so that a page cannot show the error of a job that has none.

export const STATUSES = [
  'awaiting_upload',
  'received',
  'preparing',
  'warming',
  'segmenting',
  'meshing',
  'ready',
  'rejected',
  'failed',
  'cancelled',
  'expired',
] as const;
export type Status = (typeof STATUSES)[number];
export type RunningStatus = 'received' | 'preparing' | 'warming' | 'segmenting' | 'meshing';

const status = oneOf(...STATUSES);

/** A code that stays the same, which the page translates, and the API's own words. */
const notice = object({ code: text, message: text });
export type Notice = ReturnType<typeof notice>;

const merge = object({ name: text, of: list(text) });
export type Merge = ReturnType<typeof merge>;

const options = object(
  { task: text, fast: flag },
  {
    structures: list(text),
    series: integer,
    modality: text,
    smoothing: number,
    decimate: text,
    merge: list(merge),
    dicom: list(text),
  },
);
export type Options = ReturnType<typeof options>;

/** How long a stage took in this deployment's last jobs of about this size, in seconds. */
const usual = object({ median_s: number, low_s: number, high_s: number, jobs: integer });
export type Usual = ReturnType<typeof usual>;

const stage = object({ name: status, started_at: time, ended_at: orNull(time) }, { usual });
export type Stage = ReturnType<typeof stage>;

const coming = object({ name: status }, { usual });
export type Coming = ReturnType<typeof coming>;

const gpu = object({ state: oneOf('asleep', 'waking', 'warm'), since: time });
export type Gpu = ReturnType<typeof gpu>;

const queue = object({ ahead: integer });
export type Queue = ReturnType<typeof queue>;

const progress = object({ done: integer, total: integer, unit: text });
export type Progress = ReturnType<typeof progress>;

const artifact = object(
  { bytes: integer, sha256: text, media_type: text },
  // provisional: shown until the model is ready, from another segmentation than the model's.
  { encoding: text, stored_bytes: integer, provisional: flag },
);

const structure = object(
  {
    label: integer,
    name: text,
    volume_ml: number,
    mesh_ml: number,
    surface_cm2: number,
    partial: flag,
    watertight: flag,
  },
  { triangles: integer },
);
export type Structure = ReturnType<typeof structure>;

const body = object(
  {
    id: text,
    status,
    attempt: integer,
    options,
    created_at: time,
    updated_at: time,
    expires_at: time,
    stages: list(stage),
    artifacts: map(artifact),
    structures: list(structure),
    warnings: list(notice),
    error: orNull(notice),
    cost_usd: number,
  },
  { coming: list(coming), gpu, queue, progress, no_glimpse: notice },
);
type Body = ReturnType<typeof body>;

type Common = Omit<Body, 'status' | 'error' | 'coming' | 'gpu' | 'queue' | 'progress' | 'no_glimpse'>;

export interface Awaiting extends Common {
  status: 'awaiting_upload';
}
export interface Running extends Common {
  status: RunningStatus;
  /** The stages that follow, in their order. */
  coming: Coming[];
  gpu?: Gpu;
  queue?: Queue;
  progress?: Progress;
  /** Why there is no first look. */
  no_glimpse?: Notice;
}
export interface Ready extends Common {
  status: 'ready';
}
/** It ended without a model of this attempt; one of an attempt before may be there. */
export interface Ended extends Common {
  status: 'rejected' | 'failed' | 'cancelled' | 'expired';
  error: Notice;
}
export type Job = Awaiting | Running | Ready | Ended;

export const isEnded = (job: Job): job is Ready | Ended => job.status === 'ready' || 'error' in job;
export const isRunning = (job: Job): job is Running => 'coming' in job;

/** What an ending without an error is called: the API gives rejected and failed jobs one always. */
const UNNAMED = { rejected: 'rejected', failed: 'internal', cancelled: 'cancelled', expired: 'expired' } as const;

export const decodeJob: Decoder<Job> = (value, path) => {
  const { status, error, coming, gpu, queue, progress, no_glimpse, ...common } = body(value, path);
  switch (status) {
    case 'awaiting_upload':
    case 'ready':
      return { ...common, status };
    case 'rejected':
    case 'failed':
    case 'cancelled':
    case 'expired':
      return { ...common, status, error: error ?? { code: UNNAMED[status], message: '' } };
    default:
      return {
        ...common,
        status,
        coming: coming ?? [],
        ...(gpu && { gpu }),
        ...(queue && { queue }),
        ...(progress && { progress }),
        ...(no_glimpse && { no_glimpse }),
      };
  }
};

export const decodeJobList = object({ jobs: list(decodeJob), next: orNull(text) });
export type JobList = ReturnType<typeof decodeJobList>;

const uploadPlan = object(
  { part_bytes: integer, parts: integer, signed: list(object({ number: integer, url: text })) },
  { uploaded: list(object({ number: integer, etag: text, bytes: integer })) },
);
export const decodeUploadPlan = uploadPlan;
export type UploadPlan = ReturnType<typeof uploadPlan>;

export const decodeCreated = object({ job: decodeJob, upload: uploadPlan });
export type Created = ReturnType<typeof decodeCreated>;

/** The data of a server-sent event. */
export const decodeEvent = object(
  { id: text, status, attempt: integer, artifacts: list(text), error: orNull(text), erased: flag },
  { gpu, queue, progress },
);

const usualByStage = object({}, { preparing: usual, warming: usual, segmenting: usual, meshing: usual });

/** The deployment as a whole, for the page's header. */
export const decodeDeployment = object({ usual: usualByStage }, { gpu, queue });
export type Deployment = ReturnType<typeof decodeDeployment>;
