// The service worker is one plain script at the root, whatever it is made of.

import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../src/forewarn/web/static",
    emptyOutDir: false,
    lib: { entry: "src/worker.ts", name: "worker", formats: ["iife"], fileName: () => "worker.js" },
  },
});
