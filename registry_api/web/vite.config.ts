// Builds the islands into dist/, with a manifest from which the pages learn the hashed names.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/assets/",
  publicDir: false,
  worker: { format: "es" }, // MapLibre's worker is an ES module
  build: {
    outDir: "dist",
    assetsDir: "",
    manifest: true,
    sourcemap: false,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200, // MapLibre, on map pages only
    rolldownOptions: {
      checks: { bundlerTimings: false }, // a busy machine is no news
      input: {
        app: "src/app.ts",
        chart: "src/chart.ts",
        lineage: "src/lineage.ts",
        map: "src/map.ts",
        plots: "src/plots.ts",
        upload: "src/upload.ts",
      },
    },
  },
});
