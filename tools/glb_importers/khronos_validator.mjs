// Usage: node khronos_validator.mjs NODE_MODULES FILE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, file] = process.argv.slice(2);
const validator = createRequire(`${modules}/`)("gltf-validator");
const report = await validator.validateBytes(new Uint8Array(readFileSync(file)), { maxIssues: 0 });
const issues = report.issues.messages.map((each) => [each.severity, each.code, each.pointer]);
console.log("FOUND " + JSON.stringify({
  version: validator.version(),
  issues,
  animations: report.info.animationCount,
  vertices: report.info.totalVertexCount,
  triangles: report.info.totalTriangleCount,
  primitives: report.info.drawCallCount,
  textures: (report.info.resources ?? []).filter((each) => each.image).length,
}));
