import { type BufferGeometry, DoubleSide, type Ray, Vector3 } from 'three';
import { MeshBVH, type SerializedBVH } from 'three-mesh-bvh';
import { RAS_FROM_STAGE } from './glb';
import type { Shared } from './material';
import type { Organ, Organs } from './organs';
import type { Vector } from './structure';
import type { TreeRequest } from './tree.worker';

export interface Hit {
  organ: Organ;
  /** In the stage's axes, metres. */
  point: Vector3;
  /** The same in RAS millimetres. */
  ras: Vector;
}

/** Finds what a ray meets first. The search trees are made in a worker when they are first needed. */
export class Picker {
  private readonly worker = new Worker(new URL('./tree.worker.ts', import.meta.url), { type: 'module' });
  private readonly trees = new WeakMap<BufferGeometry, MeshBVH>();
  private readonly open = new Map<number, { geometry: BufferGeometry; done: () => void }>();
  private readonly asked = new WeakMap<BufferGeometry, Promise<void>>();
  private last = 0;

  constructor(
    private readonly organs: Organs,
    private readonly shared: Shared,
  ) {
    this.worker.addEventListener('message', ({ data }: MessageEvent<{ id: number; tree: SerializedBVH }>) => {
      const waiting = this.open.get(data.id);
      this.open.delete(data.id);
      if (!waiting) return;
      this.trees.set(waiting.geometry, MeshBVH.deserialize(data.tree, waiting.geometry, { setIndex: false }));
      waiting.done();
    });
  }

  /** Makes the trees of all that is drawn. exact: of the whole model, not of the preview. */
  async ready(exact: boolean): Promise<void> {
    const drawn = [...this.organs.all].filter((o) => o.mesh.visible);
    await Promise.all(drawn.map((organ) => this.tree(chosen(organ, exact))));
  }

  /**
   * The first surface that a ray meets, solid ones before veils: what can be seen through
   * is chosen only where nothing is behind it. Organs without a tree yet are passed over.
   */
  hit(ray: Ray, exact: boolean): Hit | null {
    let best: { organ: Organ; distance: number; solid: boolean } | null = null;
    const place = new Vector3();
    for (const organ of this.organs.all) {
      if (!organ.mesh.visible) continue;
      const geometry = chosen(organ, exact);
      const tree = this.trees.get(geometry) ?? this.trees.get(chosen(organ, !exact));
      if (!tree || (geometry.boundingSphere && !ray.intersectsSphere(geometry.boundingSphere))) continue;
      const solid = !organ.mesh.material.transparent;
      if (best?.solid && !solid) continue;
      const distance = this.first(tree, ray, place);
      if (distance === null) continue;
      if (!best || (solid && !best.solid) || distance < best.distance) best = { organ, distance, solid };
    }
    if (!best) return null;
    const point = ray.at(best.distance, new Vector3());
    const { x, y, z } = point.clone().applyMatrix4(RAS_FROM_STAGE);
    return { organ: best.organ, point, ras: [x, y, z] };
  }

  dispose(): void {
    this.worker.terminate();
  }

  /** How far along the ray the organ begins, with the cut; null where it is not met. */
  private first(tree: MeshBVH, ray: Ray, place: Vector3): number | null {
    const cut = this.shared.cut.value;
    if (cut.lengthSq() === 0) return tree.raycastFirst(ray, DoubleSide)?.distance ?? null;
    const normal = new Vector3(cut.x, cut.y, cut.z);
    const hits = tree.raycast(ray, DoubleSide).filter((h) => normal.dot(h.point) <= cut.w);
    const nearest = hits.reduce<(typeof hits)[number] | null>((a, b) => (a && a.distance < b.distance ? a : b), null);
    if (!nearest) return null;
    // A back side is seen first where the cut has taken the front away: the flat face of the cut lies before it.
    const slope = normal.dot(ray.direction);
    const flat = (cut.w - normal.dot(ray.origin)) / slope;
    const behind = nearest.face ? nearest.face.normal.dot(ray.direction) > 0 : false;
    return behind && slope < 0 && flat > 0 && flat < nearest.distance
      ? ray.at(flat, place).distanceTo(ray.origin)
      : nearest.distance;
  }

  private tree(geometry: BufferGeometry): Promise<void> {
    const known = this.asked.get(geometry);
    if (known) return known;
    const made = new Promise<void>((done) => {
      const id = ++this.last;
      this.open.set(id, { geometry, done });
      const positions = geometry.getAttribute('position').array.slice() as TreeRequest['positions'];
      const indices = geometry.index?.array.slice() as TreeRequest['indices'];
      const request: TreeRequest = { id, positions, indices };
      this.worker.postMessage(request, { transfer: [positions.buffer, indices.buffer] });
    });
    this.asked.set(geometry, made);
    return made;
  }
}

function chosen(organ: Organ, exact: boolean): BufferGeometry {
  return (exact ? (organ.fine ?? organ.coarse) : (organ.coarse ?? organ.fine)) ?? organ.mesh.geometry;
}
