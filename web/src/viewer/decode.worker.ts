import { MeshoptDecoder } from 'three/examples/jsm/libs/meshopt_decoder.module.js';
import { decode, type Packed } from './geometry';

// Decodes one part of a model after the other.
addEventListener('message', async (event: MessageEvent<{ id: number; packed: Packed }>) => {
  const { id, packed } = event.data;
  try {
    await MeshoptDecoder.ready;
    const geometry = decode(packed, MeshoptDecoder.decodeGltfBuffer);
    postMessage(
      { id, geometry },
      { transfer: [geometry.positions.buffer, geometry.normals.buffer, geometry.indices.buffer] },
    );
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : 'decoding stopped' });
  }
});
