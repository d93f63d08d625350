import { defineConfig } from "vite";

// The console is served under /console/, whatever the host is called. Files
// below assets/ have a hash in their names and never change. Nothing is put
// inline: the Content-Security-Policy allows files of this server alone.
export default defineConfig({
  base: "/console/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
  worker: { format: "es" },
  // `npm run dev` shows the sources against a server that runs elsewhere.
  server: { proxy: { "^/(v1|nabo.js)": { target: "http://127.0.0.1:8080", ws: true } } },
});
