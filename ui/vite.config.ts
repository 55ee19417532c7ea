// How the pages are built and served while they are written. No page runs inline code: the server's policy forbids it.
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * Three wordings of the terminal that do not work here: colours of single cells as a style attribute, which the policy forbids
 * (properties are allowed); a name of every object assigned, which a frozen prototype forbids; and the real document where
 * another was given (an operator binds less than was meant). A new version that words them differently must not go unnoticed:
 * the build fails.
 */
const WORDINGS: Array<[RegExp, string]> = [
  [/(\w+)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w+)\};`\)/, '$1.style.cssText+=$2+";"'],
  // In the app's windows Object.prototype is frozen, so that a name it has cannot be assigned to another object.
  [/(\w+)\.toString=(\w+);/, 'Object.defineProperty($1,"toString",{value:$2});'],
  [/this\._document\?\?typeof window<"u"\?window\.document:null/, "this._document"],
];
const terminalWording: Plugin = {
  name: "terminal-wording",
  transform(code, id) {
    if (!id.includes("@xterm/xterm/lib")) return undefined;
    for (const [wording, ours] of WORDINGS) {
      if (!wording.test(code)) throw new Error(`xterm.js is worded differently now; see WORDINGS in vite.config.ts: ${wording}`);
      code = code.replace(wording, ours);
    }
    return { code, map: null };
  },
};

// Where `vite` and `vite preview` send what is not theirs.
const server = process.env.HOMEPORT_URL ?? "http://127.0.0.1:7080";
// The origin is rewritten too: the server takes changes only from its own pages.
const proxy = {
  "^/(at/[^/]+/)?api": {
    target: server,
    changeOrigin: true,
    ws: true,
    headers: { origin: new URL(server).origin },
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), terminalWording],
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
