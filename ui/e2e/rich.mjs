// The pages with much on them: sixty workspaces, a container with sub-daemons and apps, a form of every kind. The answers
// are the fixture of the unit tests, whose types are those of the wire; the pages, their layout and the browser are real.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { transformWithEsbuild } from "vite";
import { accessible, shot } from "./browser.mjs";
import { focused, open, pathOf } from "./house.mjs";

const { code } = await transformWithEsbuild(readFileSync(new URL("../src/pages/fixture.ts", import.meta.url), "utf8"), "fixture.ts", { sourcemap: false });
const fixture = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
const { many, rich, template, parameters, ports, timings, facts, scriptLog, buildLog, main } = fixture;

const version = (name, more = {}) => ({ id: template.active_version_id, template_id: template.id, organization_id: template.organization_id, created_at: template.updated_at, updated_at: template.updated_at, name, message: "", job: rich.latest_build.job, readme: "", created_by: { id: rich.owner_id, username: "ada", avatar_url: "" }, archived: false, warnings: [], ...more });
const versions = [
  version("sturdy_otter3", { message: "Node 22, and a cache for packages", readme: "# Docker\n\nA container with `node`, `docker` and your dev containers.\n\n- home folder kept\n- cache of packages" }),
  version("brave_heron1", { id: "00000000-0000-4000-9000-000000000001", job: { ...rich.latest_build.job, status: "failed", error: "main.tf:112: unknown argument \"memoy\"" } }),
  version("calm_finch7", { id: "00000000-0000-4000-9000-000000000002", archived: true, message: "First" }),
];

const ANSWERS = [
  [/^\/workspaces$/, { workspaces: many, count: many.length }],
  [/^\/users\/[^/]+\/workspace\/dev$/, rich],
  [/^\/users\/[^/]+\/workspace\/dev\/builds\/\d+$/, rich.latest_build],
  [/^\/workspaces\/[^/]+\/builds$/, Array.from({ length: 12 }, (_, at) => ({ ...rich.latest_build, id: `b${at}`, build_number: 12 - at, transition: at % 2 ? "stop" : "start" }))],
  [/listening-ports$/, ports],
  [/\/timings$/, timings],
  [/^\/organizations\/default\/templates\/docker-dev$/, template],
  [/^\/templates\/[^/]+\/versions$/, versions],
  [/rich-parameters$/, parameters],
];

/** A signed-in page that is told of the fixture. */
async function richPage(options) {
  const page = await open(options);
  await page.route((url) => url.pathname.includes("/api/v2/"), (route) => {
    const path = pathOf(route.request()).slice("/api/v2".length);
    const found = route.request().method() === "GET" && ANSWERS.find(([pattern]) => pattern.test(path));
    return found ? route.fulfill({ json: found[1] }) : route.continue();
  });
  await page.routeWebSocket(/\/api\/v2\//, (socket) => {
    const path = new URL(socket.url()).pathname;
    if (path.endsWith("/watch-metadata-ws") && path.includes(main.id)) socket.send(facts);
    else if (path.endsWith("/logs") && path.includes("workspaceagents")) socket.send(JSON.stringify(scriptLog));
    else if (path.endsWith("/logs")) {
      buildLog.forEach((line) => socket.send(JSON.stringify(line)));
      socket.close({ code: 1000 });
    }
  });
  return page;
}

const PAGES = [
  { name: "rich-workspaces", path: "/workspaces", ready: (page) => page.getByText("60 workspaces") },
  { name: "rich-workspace", path: "/@ada/dev", ready: (page) => page.getByText("Unable to locate package").first() },
  { name: "rich-workspace-builds", path: "/@ada/dev?part=builds", ready: (page) => page.getByText("script Install tools") },
  { name: "rich-clock", path: "/@ada/dev?part=clock", ready: (page) => page.getByText("Autostop", { exact: true }) },
  { name: "rich-build", path: "/@ada/dev/builds/12", ready: (page) => page.getByText("script Install tools") },
  { name: "rich-template", path: "/templates/docker-dev", ready: (page) => page.getByText("Open ports") },
  { name: "rich-create", path: "/templates/docker-dev/workspace", ready: (page) => page.getByText("Open ports") },
];

const SIGHTS = [{ width: 1280, height: 1600 }, { width: 1280, height: 1600, dark: true }, { width: 360, height: 1600 }, { width: 3840, height: 2160 }];

test("pages full of data: nothing serious for axe, nothing out of the window, from light to dark and small to big", async () => {
  for (const sight of SIGHTS) {
    const page = await richPage(sight);
    for (const one of PAGES) {
      await page.goto(one.path);
      await one.ready(page).waitFor();
      await shot(page, `${one.name}${sight.dark ? "-dark" : ""}-${sight.width}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${one.name} is ${over} px too wide at ${sight.width}`);
      if (sight.width === 1280) await accessible(page, `${one.name}${sight.dark ? ", dark" : ""}`);
      assert.deepEqual(page.complaints, [], one.name);
      assert.doesNotMatch(await page.title(), /taken/, "what others wrote is text");
      assert.ok(!(await page.content()).includes("hunter2"), "what is sensitive is not even in the page");
    }
    await page.context().close();
  }
});

test("every kind of parameter is answered with the keyboard alone, and is sent as it was answered", async () => {
  const page = await richPage();
  let sent;
  await page.route("**/api/v2/users/me/workspaces", (route) => {
    sent = route.request().postDataJSON();
    return route.fulfill({ status: 500, json: { message: "The builder is on holiday.", detail: "try in May" } });
  });
  await page.goto("/templates/docker-dev/workspace");
  const { keyboard } = page;
  const next = () => keyboard.press("Tab");
  await page.getByLabel("Name", { exact: true }).focus();
  await keyboard.type("mine");
  // Sent too early: the first fault has the focus.
  await keyboard.press("Enter");
  await focused(page, () => document.activeElement?.matches("select[aria-invalid=true]"), "the first fault has the focus");
  await shot(page, "create-faults");
  await page.getByRole("radio", { name: /eu/ }).focus();
  await keyboard.press("ArrowDown");
  await next();
  await keyboard.type("fedora");
  await next();
  await keyboard.type("https://example.com/x.git");
  await next();
  await keyboard.press("Control+A");
  await keyboard.type("echo hi");
  await next();
  await keyboard.press("ArrowRight");
  await next();
  await keyboard.press("Control+A");
  await keyboard.type("50");
  await next();
  await keyboard.press("Space");
  await next();
  await keyboard.press("Space");
  await next();
  await next();
  await keyboard.press("Space");
  await page.getByRole("textbox", { name: "Open ports" }).focus();
  await keyboard.type("9000");
  await keyboard.press("Enter");
  await page.getByRole("button", { name: "Create the workspace" }).focus();
  await keyboard.press("Enter");
  await page.getByRole("alert").getByText("The builder is on holiday.").waitFor();
  await shot(page, "error-create-refused");
  const values = Object.fromEntries(sent.rich_parameter_values.map(({ name, value }) => [name, value]));
  assert.deepEqual([sent.name, values], ["mine", { region: "us", image: "fedora", repository: "https://example.com/x.git", dotfiles: "echo hi", cpu: "5", disk: "50", gpu: "true", terms: "true", tools: '["git","docker"]', ports: '["3000","8080","9000"]' }]);
  await page.context().close();
});
