import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  worker: { format: "es" },
  build: {
    outDir: "../src/forewarn/web/static",
    emptyOutDir: true,
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: ["index.html", "console.html", "signin.html"] },
  },
});
