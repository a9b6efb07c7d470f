import { BufferAttribute, BufferGeometry, DoubleSide, Ray, Vector3 } from 'three';
import { MeshBVH } from 'three-mesh-bvh';

// Finds what rays meet, outside of the page's thread: the search tree of a large mesh
// takes a third of a second to build, and the code of it a tenth of what the page loads.

/** A mesh, under a number. */
export interface TreeMesh {
  mesh: number;
  positions: Float32Array<ArrayBuffer>;
  indices: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

/** A ray, in the axes of the meshes. */
export interface TreeRay {
  id: number;
  origin: [number, number, number];
  direction: [number, number, number];
  /** What it may meet. What is not solid counts only where nothing solid is met. */
  among: { mesh: number; solid: boolean }[];
  /** What lies beyond x·normal > w has been cut away; zeros: nothing has. */
  cut: [number, number, number, number];
}

export interface TreeHit {
  id: number;
  hit: { mesh: number; distance: number } | null;
}

export type TreeRequest = TreeMesh | TreeRay | { forget: number };

const trees = new Map<number, MeshBVH>();

addEventListener('message', ({ data }: MessageEvent<TreeRequest>) => {
  if ('forget' in data) trees.delete(data.forget);
  else if ('positions' in data) plant(data);
  else postMessage(cast(data));
});

function plant({ mesh, positions, indices }: TreeMesh): void {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setIndex(new BufferAttribute(indices, 1));
  trees.set(mesh, new MeshBVH(geometry, { targetLeafSize: 8 }));
}

function cast({ id, origin, direction, among, cut }: TreeRay): TreeHit {
  const ray = new Ray(new Vector3(...origin), new Vector3(...direction).normalize());
  let best: { mesh: number; distance: number; solid: boolean } | null = null;
  for (const { mesh, solid } of among) {
    const tree = trees.get(mesh);
    if (!tree || (best?.solid && !solid)) continue;
    const distance = first(tree, ray, cut);
    if (distance === null) continue;
    if (!best || (solid && !best.solid) || distance < best.distance) best = { mesh, distance, solid };
  }
  return { id, hit: best && { mesh: best.mesh, distance: best.distance } };
}

/** How far along the ray a mesh begins, with the cut; null where it is not met. */
function first(tree: MeshBVH, ray: Ray, cut: TreeRay['cut']): number | null {
  const normal = new Vector3(cut[0], cut[1], cut[2]);
  if (normal.lengthSq() === 0) return tree.raycastFirst(ray, DoubleSide)?.distance ?? null;
  const hits = tree.raycast(ray, DoubleSide).filter((h) => normal.dot(h.point) <= cut[3]);
  const nearest = hits.reduce<(typeof hits)[number] | null>((a, b) => (a && a.distance < b.distance ? a : b), null);
  if (!nearest) return null;
  // Where the inside is seen first, the cut has taken the outside away: its flat face lies before it.
  const slope = normal.dot(ray.direction);
  const flat = (cut[3] - normal.dot(ray.origin)) / slope;
  const inside = nearest.face !== null && nearest.face !== undefined && nearest.face.normal.dot(ray.direction) > 0;
  return inside && slope < 0 && flat > 0 && flat < nearest.distance ? flat : nearest.distance;
}
