// The pages in a real browser against a real server: `HOMEPORT_BIN_DIR` says where the programs are, `CHROMIUM` which
// browser. Names of files run these alone: `node e2e/run.mjs live.mjs`.
import { existsSync } from "node:fs";

const ALL = ["flows.mjs", "live.mjs", "strangers.mjs", "hand_off.mjs", "secrets.mjs", "pages.mjs", "rich.mjs", "keyboard.mjs", "errors.mjs", "menu.mjs"];

if (existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium")) {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : ALL;
  for (const name of ["house.mjs", ...wanted]) await import(`./${name}`);
} else {
  console.log("SKIPPED: the pages in a browser (no Chromium here; CHROMIUM=<program> names one)");
}
