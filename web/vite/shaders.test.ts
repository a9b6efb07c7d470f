// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { emptied } from './shaders.ts';

const folder = path.join(import.meta.dirname, '..', 'node_modules', 'three', 'src', 'renderers', 'shaders');
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');

it.each([
  ['ShaderChunk', /export default /],
  ['ShaderLib', /export const vertex = [\s\S]*export const fragment = /],
])('empties the shaders of %s, which this three.js still exports in the same way', (kind, form) => {
  const files = readdirSync(path.join(folder, kind)).filter((name) => name.endsWith('.glsl.js'));
  expect(files.length).toBeGreaterThan(15);
  for (const name of files) {
    expect(read(`${kind}/${name}`)).toMatch(form);
    const code = emptied(path.join(folder, kind, name));
    const kept = /^(colorspace_fragment|colorspace_pars_fragment|tonemapping_pars_fragment)\./.test(name);
    expect([name, code === null]).toEqual([name, kept]);
  }
});

it('leaves every other module as it is', () => {
  expect(emptied(path.join(folder, 'ShaderChunk.js'))).toBeNull();
  expect(emptied('/elsewhere/ShaderChunk/common.glsl.js')).toBeNull();
});
