// The parts of a workspace with data as a real template gives it: sub-daemons, apps, facts, metadata, logs of scripts, a
// build with its log and timing. What others wrote is shown as text, whatever it is.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { setTransport } from "../transport/transport";
import { web } from "../transport/web";
import { BuildLog } from "./build_log";
import { buildLog, facts, main, ports, rich, scriptLog, timings } from "./fixture";
import { Overview } from "./overview";

let opened: string[] = [];
beforeEach(() => {
  opened = [];
  setTransport({
    call: <T,>(_: string, path: string) => {
      if (path.endsWith("/listening-ports")) return Promise.resolve(ports as T);
      if (path.endsWith("/timings")) return Promise.resolve(timings as T);
      return Promise.resolve({ hostname_prefix: "", hostname_suffix: "home", ssh_config_options: {} } as T);
    },
    open: (path, listener) => {
      opened.push(path);
      const say = path.includes("watch-metadata") ? [facts] : path.includes("workspaceagents") ? [JSON.stringify(scriptLog.slice(0, 2)), JSON.stringify(scriptLog.slice(2))] : buildLog.map((line) => JSON.stringify(line));
      queueMicrotask(() => {
        listener.opened?.();
        if (!path.includes("watch-metadata") || path.includes(main.id)) say.forEach((text) => listener.text?.(text));
      });
      return { send: () => {}, close: () => {} };
    },
  });
});
afterEach(() => {
  cleanup();
  setTransport(web);
});

/** Draws as in the program: links need a table of pages, reading needs a cache. */
async function shown(what: ReactNode) {
  const router = createRouter({ routeTree: createRootRoute({ component: () => what }), history: createMemoryHistory() });
  render(<QueryClientProvider client={new QueryClient()}><RouterProvider router={router as never} /></QueryClientProvider>);
}

test("daemons and sub-daemons, each with its state and its name to reach it by", async () => {
  await shown(<Overview one={rich} />);
  const root = await screen.findByRole("article", { name: "Workspace daemon main" });
  within(root).getByText("Startup script failed");
  within(root).getByText("The startup script exited with code 1.");
  await within(root).findByText("ssh main.dev.me.home");
  within(root).getByText("Homeport relay, 4 ms");
  within(root).getByText("/home/coder/src");
  const child = screen.getByRole("article", { name: "Sub-daemon web" });
  within(child).getByText("Connecting");
  expect(within(child).queryByRole("link", { name: /Terminal/ })).toBeNull();
  within(screen.getByRole("article", { name: "Workspace daemon gpu" })).getByText("Disconnected");
});

test("facts of resources: hidden ones stay hidden", async () => {
  await shown(<Overview one={rich} />);
  await screen.findByText("registry password");
  expect(document.body.textContent).not.toContain("hunter2");
  expect(document.body.textContent).not.toContain("hidden_one");
  screen.getByText("20 GiB");
});

test("apps: health in words, only safe addresses are links, hidden ones are not there", async () => {
  await shown(<Overview one={rich} />);
  await screen.findByText("(does not answer)");
  screen.getByText("(well)");
  screen.getByText("htop");
  const links = screen.getAllByRole("link").map((link) => link.getAttribute("href")).filter((href) => !href!.startsWith("/"));
  expect(links).toEqual(["vscode://coder.coder-remote/open?owner=ada&workspace=dev", "https://handbook.example.com/dev"]);
  screen.getByText("Bad link");
  expect(screen.queryByText("Not shown")).toBeNull();
});

test("metadata as it comes: values, errors, not yet, and never as markup", async () => {
  await shown(<Overview one={rich} />);
  const root = await screen.findByRole("article", { name: "Workspace daemon main" });
  const values = () => Object.fromEntries([...root.querySelectorAll("dt")].map((name) => [name.textContent, name.nextElementSibling!.textContent]));
  await waitFor(() => expect(values()).toMatchObject({ CPU: "12 %", GPU: "the command was not found: nvidia-smi", disk: "not yet", "Named <i>by</i> somebody": "<b>bold</b> \\u{202e}gnp.exe" }));
  expect(root.querySelector("dd b")).toBeNull();
});

test("listening ports with what listens, and the log of scripts that failed is open", async () => {
  await shown(<Overview one={rich} />);
  await screen.findByText("main.dev.me.home:3000");
  screen.getByText("unknown program");
  const log = await screen.findByRole("log", { name: "Log of the scripts" });
  await within(log).findByText(/Unable to locate package/);
  within(log).getByText("==> Installing tools");
  within(log).getByText("<script>document.title = 'taken'</script>");
  expect(within(log).getAllByText(/^(error|warn):/)).toHaveLength(2);
  expect(opened.filter((path) => path.includes(`${main.id}/logs`))).toHaveLength(1);
});

test("a build: its stages in order, how long each step took, and which script failed", async () => {
  await shown(<BuildLog build={rich.latest_build} />);
  const log = await screen.findByRole("log", { name: "Log of build 12" });
  await within(log).findByText("Plan: 3 to add, 0 to change, 0 to destroy.");
  expect([...log.querySelectorAll("p.font-semibold")].map((stage) => stage.textContent)).toEqual(buildLog.map(({ stage }) => stage));
  screen.getByText("Took 1 min 0 s");
  await screen.findByText("script Install tools");
  screen.getByText("2 min 0 s failed");
  screen.getByText("main connects");
});
