// Validates a GLB on stdin with the Khronos validator; its report goes to
// stdout as JSON. Exit status 0 whenever there is a report: the caller judges it.
import { readFileSync } from "node:fs";
import validator from "gltf-validator";

const report = await validator.validateBytes(new Uint8Array(readFileSync(0)), {
  maxIssues: 100,
  writeTimestamp: false,
});
process.stdout.write(JSON.stringify(report));
