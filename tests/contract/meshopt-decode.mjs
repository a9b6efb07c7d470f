// Decodes views of EXT_meshopt_compression with both decoders of npm's meshoptimizer,
// WebAssembly and plain JavaScript. On stdin, one view after the other: five 32-bit
// little-endian numbers (mode, filter, count, stride, length) and the compressed bytes.
// On stdout, for each view and each decoder: a 32-bit number, 1 when it was decoded and
// 0 when it was refused, and the view's count × stride bytes, zero when refused.
import { readFileSync } from "node:fs";
import { MeshoptDecoder as wasm } from "meshoptimizer";
import { MeshoptDecoder as script } from "./node_modules/meshoptimizer/meshopt_decoder_reference.js";

const modes = ["ATTRIBUTES", "TRIANGLES", "INDICES"];
const filters = ["NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL"];

await Promise.all([wasm.ready, script.ready]);
const input = readFileSync(0);
const out = [];
for (let at = 0; at < input.length; ) {
  const [mode, filter, count, stride, length] = Array.from({ length: 5 }, (_, i) => input.readUInt32LE(at + 4 * i));
  at += 20;
  const source = new Uint8Array(input.subarray(at, at + length));
  at += length;
  for (const decoder of [wasm, script]) {
    const head = Buffer.alloc(4);
    let view = new Uint8Array(count * stride);
    try {
      decoder.decodeGltfBuffer(view, count, stride, source, modes[mode], filters[filter]);
      head.writeUInt32LE(1);
    } catch (e) {
      console.error(`${modes[mode]}, ${count} of ${stride} bytes: ${e.message}`);
      view = new Uint8Array(count * stride);
    }
    out.push(head, view);
  }
}
process.stdout.write(Buffer.concat(out));
