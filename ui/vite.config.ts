// How the pages are built and served while they are written. No page runs inline code: the server's policy forbids it.
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where `vite` and `vite preview` send what is not theirs.
const server = process.env.HOMEPORT_URL ?? "http://127.0.0.1:7080";
// The origin is rewritten too: the server takes changes only from its own pages.
const proxy = {
  "/api": {
    target: server,
    changeOrigin: true,
    ws: true,
    headers: { origin: new URL(server).origin },
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      // The package writes a style element into the page, which the policy forbids; ours sets a class.
      "react-remove-scroll": fileURLToPath(new URL("./src/look/scroll_lock.tsx", import.meta.url)),
    },
  },
  build: {
    target: ["chrome111", "safari16.4", "firefox115"],
    // Small files stay files: fonts and scripts from data addresses are forbidden.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy },
  preview: { proxy },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true, server: { deps: { inline: [/@radix-ui/] } } },
});
