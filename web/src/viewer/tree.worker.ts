import { BufferAttribute, BufferGeometry } from 'three';
import { MeshBVH } from 'three-mesh-bvh';

/** A mesh whose triangles are to be found by a ray. */
export interface TreeRequest {
  id: number;
  positions: Float32Array<ArrayBuffer>;
  indices: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

// Builds one search tree after the other: of a large mesh that takes a third of a second.
addEventListener('message', ({ data }: MessageEvent<TreeRequest>) => {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(data.positions, 3));
  geometry.setIndex(new BufferAttribute(data.indices, 1));
  // indirect: the triangles keep their order, which lies in the graphics processor's memory too.
  const tree = MeshBVH.serialize(new MeshBVH(geometry, { indirect: true, targetLeafSize: 8 }), { cloneBuffers: false });
  postMessage({ id: data.id, tree: { ...tree, index: null } }, { transfer: tree.roots });
});
