// Reads a GLB on stdin with gltf-transform, whatever its compression, and writes it to
// stdout without: EXT_meshopt_compression is gone, what is quantised stays so.
import { readFileSync } from "node:fs";
import { WebIO } from "@gltf-transform/core";
import { EXTMeshoptCompression, KHRMeshQuantization } from "@gltf-transform/extensions";
import { MeshoptDecoder } from "meshoptimizer";

await MeshoptDecoder.ready;
const io = new WebIO()
  .registerExtensions([EXTMeshoptCompression, KHRMeshQuantization])
  .registerDependencies({ "meshopt.decoder": MeshoptDecoder });
const document = await io.readBinary(new Uint8Array(readFileSync(0)));
for (const extension of document.getRoot().listExtensionsUsed()) {
  if (extension.extensionName === EXTMeshoptCompression.EXTENSION_NAME) extension.dispose();
}
process.stdout.write(await io.writeBinary(document));
