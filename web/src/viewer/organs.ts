import { BufferAttribute, BufferGeometry, DoubleSide, Group, Mesh, type ShaderMaterial, Sphere, Vector3 } from 'three';
import type { Geometry } from './geometry';
import { type Part, STAGE_FROM_RAS } from './glb';
import { type Shared, TissueMaterial, unseen } from './material';
import { colourIn, drawnIn, opacityIn, type ViewState } from './state';
import { envelopes, extent, type Structure } from './structure';

/** One structure on the stage. */
export interface Organ {
  structure: Structure;
  mesh: Mesh<BufferGeometry, TissueMaterial>;
  /** Draws its depth first where it is translucent, so that only its nearest layer is seen. */
  ahead: Mesh<BufferGeometry, ShaderMaterial>;
  fine: BufferGeometry | null;
  /** The preview's: drawn while the view moves on slow machines, and pointed at. */
  coarse: BufferGeometry | null;
}

// Order of drawing among what is translucent: inner structures before what wraps them.
const TRANSLUCENT = 10;

/** The organs of a model as meshes. It owns their geometries and materials. */
export class Organs {
  readonly group = new Group();
  private readonly byLabel = new Map<number, Organ>();
  private readonly depthOnly: ShaderMaterial;
  private list: Structure[] = [];
  private state: ViewState | null = null;
  private cutting = false;

  constructor(private readonly shared: Shared) {
    this.depthOnly = unseen(shared);
    this.depthOnly.side = DoubleSide;
    this.depthOnly.transparent = true; // drawn in one queue with what it goes ahead of
  }

  get structures(): readonly Structure[] {
    return this.list;
  }

  get all(): Iterable<Organ> {
    return this.byLabel.values();
  }

  named(name: string): Organ | undefined {
    for (const organ of this.byLabel.values()) if (organ.structure.name === name) return organ;
    return undefined;
  }

  /** Says which structures there will be. Those that are gone are disposed of. */
  expect(structures: readonly Structure[]): void {
    this.list = [...structures];
    const labels = new Set(structures.map((s) => s.label));
    for (const [label, organ] of this.byLabel) if (!labels.has(label)) this.remove(label, organ);
    if (this.state) this.apply(this.state);
  }

  put(part: Part, decoded: Geometry, detail: 'fine' | 'coarse'): Organ {
    const geometry = built(part, decoded);
    const { structure } = part;
    let organ = this.byLabel.get(structure.label);
    if (!organ) {
      const mesh = new Mesh(geometry, new TissueMaterial(this.shared, part.doubleSided));
      const ahead = new Mesh(geometry, this.depthOnly);
      organ = { structure, mesh, ahead, fine: null, coarse: null };
      for (const m of [mesh, ahead]) m.matrixAutoUpdate = false;
      this.group.add(mesh, ahead);
      this.byLabel.set(structure.label, organ);
    }
    organ[detail]?.dispose();
    organ[detail] = geometry;
    organ.structure = structure;
    this.show(organ, true);
    if (this.state) this.dress(organ, this.state, drawnIn(this.state, this.list));
    return organ;
  }

  /** Chooses what is drawn of every organ. */
  detail(fine: boolean): void {
    for (const organ of this.byLabel.values()) this.show(organ, fine);
  }

  apply(state: ViewState): void {
    this.state = state;
    this.cutting = state.clip !== null;
    const drawn = drawnIn(state, this.list);
    for (const organ of this.byLabel.values()) this.dress(organ, state, drawn);
    if ('CUT' in this.depthOnly.defines !== this.cutting) {
      if (this.cutting) this.depthOnly.defines.CUT = '';
      else delete this.depthOnly.defines.CUT;
      this.depthOnly.needsUpdate = true;
    }
  }

  triangles(): number {
    let sum = 0;
    for (const { mesh } of this.byLabel.values()) if (mesh.visible) sum += (mesh.geometry.index?.count ?? 0) / 3;
    return sum;
  }

  /** A sphere around all structures, in the stage's axes. */
  bounds(): Sphere {
    const [low, high] = extent(this.list);
    const [a, b] = [low, high].map((p) => new Vector3(...p).applyMatrix4(STAGE_FROM_RAS)) as [Vector3, Vector3];
    return new Sphere(a.clone().add(b).multiplyScalar(0.5), Math.max(a.distanceTo(b) / 2, 1e-3));
  }

  clear(): void {
    for (const [label, organ] of this.byLabel) this.remove(label, organ);
  }

  dispose(): void {
    this.clear();
    this.depthOnly.dispose();
  }

  private show(organ: Organ, fine: boolean): void {
    const geometry = fine ? (organ.fine ?? organ.coarse) : (organ.coarse ?? organ.fine);
    if (geometry) organ.mesh.geometry = organ.ahead.geometry = geometry;
  }

  private dress(organ: Organ, state: ViewState, drawn: ReadonlySet<string>): void {
    const { structure, mesh, ahead } = organ;
    const opacity = opacityIn(state, this.list, structure);
    const wraps = envelopes(this.list).findIndex((s) => s.name === structure.name);
    const shell = wraps >= 0;
    mesh.visible = drawn.has(structure.name) && opacity > 0;
    mesh.material.colour = colourIn(state, structure);
    mesh.material.glow = structure.name === state.selected ? 1 : structure.name === state.hovered ? 0.4 : 0;
    mesh.material.look(opacity, shell);
    mesh.material.cut = this.cutting;
    ahead.visible = mesh.visible && opacity < 1;
    const rank = shell ? 2 * this.list.length - wraps : this.list.indexOf(structure);
    mesh.renderOrder = opacity < 1 ? TRANSLUCENT + 2 * rank + 1 : 0;
    ahead.renderOrder = TRANSLUCENT + 2 * rank;
  }

  private remove(label: number, organ: Organ): void {
    this.group.remove(organ.mesh, organ.ahead);
    organ.fine?.dispose();
    organ.coarse?.dispose();
    organ.mesh.material.dispose();
    this.byLabel.delete(label);
  }
}

function built(part: Part, decoded: Geometry): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(decoded.positions, 3));
  geometry.setAttribute('normal', new BufferAttribute(decoded.normals, 4, true));
  geometry.setIndex(new BufferAttribute(decoded.indices, 1));
  const { low, high } = part.structure;
  const [a, b] = [low, high].map((p) => new Vector3(...p).applyMatrix4(STAGE_FROM_RAS)) as [Vector3, Vector3];
  geometry.boundingSphere = new Sphere(a.clone().add(b).multiplyScalar(0.5), a.distanceTo(b) / 2);
  return geometry;
}
