import { type BufferGeometry, type Ray, Vector3 } from 'three';
import { RAS_FROM_STAGE } from './glb';
import type { Shared } from './material';
import type { Organ, Organs } from './organs';
import type { Vector } from './structure';
import type { TreeHit, TreeMesh, TreeRay, TreeRequest } from './tree.worker';

export interface Hit {
  organ: Organ;
  /** In the stage's axes, metres. */
  point: Vector3;
  /** The same in RAS millimetres. */
  ras: Vector;
}

/** Finds what a ray meets first. A worker does, which is given each mesh when it is first looked for. */
export class Picker {
  private worker: Worker | null = null;
  private readonly numbers = new WeakMap<BufferGeometry, number>();
  private readonly open = new Map<number, (hit: TreeHit['hit']) => void>();
  private last = 0;

  constructor(
    private readonly organs: Organs,
    private readonly shared: Shared,
  ) {}

  /**
   * The first surface that a ray meets, solid ones before veils: what can be seen through
   * is chosen only where nothing is behind it. exact: on the whole model, not on the preview.
   */
  async hit(ray: Ray, exact: boolean): Promise<Hit | null> {
    const among = new Map<number, { organ: Organ; solid: boolean }>();
    for (const organ of this.organs.all) {
      const geometry = exact ? (organ.fine ?? organ.coarse) : (organ.coarse ?? organ.fine);
      if (!organ.mesh.visible || !geometry) continue;
      if (geometry.boundingSphere && !ray.intersectsSphere(geometry.boundingSphere)) continue;
      among.set(this.number(geometry), { organ, solid: !organ.mesh.material.transparent });
    }
    const met = await this.cast(
      ray,
      [...among].map(([mesh, { solid }]) => ({ mesh, solid })),
    );
    const organ = met && among.get(met.mesh)?.organ;
    if (!organ) return null;
    const point = ray.at(met.distance, new Vector3());
    const { x, y, z } = point.clone().applyMatrix4(RAS_FROM_STAGE);
    return { organ, point, ras: [x, y, z] };
  }

  dispose(): void {
    this.worker?.terminate();
    for (const done of this.open.values()) done(null);
    this.open.clear();
  }

  private cast(ray: Ray, among: TreeRay['among']): Promise<TreeHit['hit']> {
    if (among.length === 0) return Promise.resolve(null);
    return new Promise((done) => {
      const id = ++this.last;
      this.open.set(id, done);
      const cut = this.shared.cut.value.toArray();
      this.ask({ id, origin: ray.origin.toArray(), direction: ray.direction.toArray(), among, cut });
    });
  }

  /** A mesh's number in the worker, which gets a copy of it with the first question. */
  private number(geometry: BufferGeometry): number {
    const known = this.numbers.get(geometry);
    if (known !== undefined) return known;
    const mesh = ++this.last;
    this.numbers.set(geometry, mesh);
    const positions = geometry.getAttribute('position').array.slice() as TreeMesh['positions'];
    const indices = geometry.index?.array.slice() as TreeMesh['indices'];
    this.ask({ mesh, positions, indices }, [positions.buffer, indices.buffer]);
    geometry.addEventListener('dispose', () => this.ask({ forget: mesh }));
    return mesh;
  }

  private ask(request: TreeRequest, transfer: Transferable[] = []): void {
    if (!this.worker) {
      this.worker = new Worker(new URL('./tree.worker.ts', import.meta.url), { type: 'module' });
      this.worker.addEventListener('message', ({ data }: MessageEvent<TreeHit>) => {
        this.open.get(data.id)?.(data.hit);
        this.open.delete(data.id);
      });
    }
    this.worker.postMessage(request, { transfer });
  }
}
