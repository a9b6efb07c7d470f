import { flag, integer, list, object, oneOf, orNull, text, time } from './decode';
import { STATUSES } from './job';

// What is stored of a job, and the proof of its erasure; and who a job is shared with.

const tally = object({ objects: integer, versions: integer, markers: integer, uploads: integer, bytes: integer });

const erasure = object({
  at: time,
  by: oneOf('owner', 'operator', 'retention'),
  found: tally,
  late: tally,
  remaining: tally,
  looked_at: orNull(time),
  kept_for_other_jobs: integer,
  final: flag,
  proof_until: time,
});
export type Erasure = ReturnType<typeof erasure>;

export const decodeReceipt = object({
  job: text,
  status: oneOf(...STATUSES),
  issued_at: time,
  created_at: time,
  expires_at: orNull(time),
  where: object({ place: oneOf('aws', 'machine') }, { region: text, folder: text }),
  objects: list(
    object(
      { bucket: oneOf('uploads', 'work', 'results'), name: text, bytes: integer, since: time, until: time },
      { earlier_version: flag },
    ),
  ),
  total: tally,
  kept_for_other_jobs: integer,
  record: orNull(object({ since: time, until: time, backups_days: integer })),
  readers: list(
    object({ who: oneOf('owner', 'operators', 'drops', 'share') }, { share: text, artifacts: list(text), until: time }),
  ),
  left_storage: list(object({ to: oneOf('model', 'webhook', 'email'), what: text, at: time })),
  erasure: orNull(erasure),
});
export type Receipt = ReturnType<typeof decodeReceipt>;

const share = { id: text, artifacts: list(text), created_at: time, expires_at: time };
export const decodeShares = object({ shares: list(object(share)) });
export type Share = ReturnType<typeof decodeShares>['shares'][number];

/** A new share with its token, which is told this once. */
export const decodeShared = object({ ...share, token: text });
export type Shared = ReturnType<typeof decodeShared>;
