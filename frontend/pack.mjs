// node pack.mjs: NAME.gz beside every text that was built, so that none is packed while a
// raid goes on. The last step of `npm run build`.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUILT = "../src/forewarn/web/static";
const TEXT = /\.(html|js|css|json|svg)$/;

for (const name of readdirSync(BUILT, { recursive: true, encoding: "utf8" })) {
  const path = join(BUILT, name);
  if (TEXT.test(name)) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
}
