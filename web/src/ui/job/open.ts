/** What can be open over a job, one at a time. */
export type Open =
  | 'files'
  | 'share'
  | 'remesh'
  | 'receipt'
  | 'table'
  | 'delete'
  | 'cancel'
  | 'check.png'
  | 'preview.png';
