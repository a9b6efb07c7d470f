// @vitest-environment node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endingOf, isLitter } from './names';

interface Row {
  path: string;
  litter?: boolean;
  ending?: string;
}
const rows: Row[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../tests/contract/fixtures/file-names.json'), 'utf8'),
);

describe('names are judged as the server judges them', () => {
  it.each(rows)('$path', ({ path, litter, ending }) => {
    if (litter !== undefined) expect(isLitter(path)).toBe(litter);
    if (ending !== undefined) expect(endingOf(path)).toBe(ending);
  });
});
