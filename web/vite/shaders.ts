// three.js comes as two large files, and keeps the shaders of all its materials as text
// that no bundler can leave out. The build takes its sources instead, module by module,
// and empties the shaders: the viewer draws with materials of its own.
import path from 'node:path';
import type { Plugin } from 'vite';

const sources = path.join(import.meta.dirname, '..', 'node_modules', 'three', 'src');
const shader = /\/three\/src\/renderers\/shaders\/Shader(Chunk|Lib)\/(\w+)\.glsl\.js$/;
/** What a ShaderMaterial takes from three: how colours are written. */
const KEPT = ['colorspace_fragment', 'colorspace_pars_fragment', 'tonemapping_pars_fragment'];

/** What stands in the build for a module of three.js; null: itself. */
export function emptied(id: string): string | null {
  const [, kind, name = ''] = shader.exec(id) ?? [];
  if (!kind || KEPT.includes(name)) return null;
  return kind === 'Lib' ? "export const vertex = '', fragment = '';" : "export default '';";
}

/** Builds with as little of three.js as the viewer needs. */
export function shaders(): Plugin {
  return {
    name: 'iris-shaders',
    apply: 'build',
    config: () => ({ resolve: { alias: [{ find: /^three$/, replacement: path.join(sources, 'Three.js') }] } }),
    transform: {
      filter: { id: shader },
      handler: (_code, id) => {
        const code = emptied(id);
        return code === null ? null : { code, map: null };
      },
    },
  };
}
