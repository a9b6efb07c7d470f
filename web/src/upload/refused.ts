/** A file or an upload that cannot be sent. Code is one of the page's words, in i18n/upload.ts, or of the server's. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    /** What a sentence about it names: a format, a number. */
    readonly values: Record<string, string | number> = {},
  ) {
    super(code);
    this.name = 'Refused';
  }
}
