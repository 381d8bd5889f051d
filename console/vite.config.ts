import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server puts a value of its own in place of NONCE with each answer: see crates/web-console.
export default defineConfig({
  base: "/console/",
  plugins: [react()],
  html: { cspNonce: "NONCE" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // What many pages have in common is one file: some eighty small ones took a browser far away longer than a bigger one.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 12 }] } } },
  },
  server: { proxy: { "^/(v1.0|beta|provost|healthz)": process.env.PROVOST_SERVER ?? "http://127.0.0.1:8080" } },
});
