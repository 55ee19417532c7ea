// The pages in a real browser against a real server: `HOMEPORT_BIN_DIR` says where the programs are, `CHROMIUM` which
// browser.
import { existsSync } from "node:fs";

if (existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium")) {
  await import("./house.mjs");
  await import("./flows.mjs");
  await import("./pages.mjs");
  await import("./errors.mjs");
} else {
  console.log("SKIPPED: the pages in a browser (no Chromium here; CHROMIUM=<program> names one)");
}
