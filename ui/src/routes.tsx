// The table of pages: which address shows what. Each page behind the sign-in stands in the shell.
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect, type AnyRoute } from "@tanstack/react-router";
import { Net, Trouble } from "./look/trouble";
import { NotFound } from "./pages/not_found";
import { Workspaces } from "./pages/workspaces";
import { Shell } from "./shell/shell";

export type Search = Record<string, unknown>;

const anything = (search: Search): Search => search;

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet, notFoundComponent: NotFound, errorComponent: Broken });

function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  return <main className="mx-auto max-w-2xl p-6"><Trouble failure={error} retry={() => { reset(); location.reload(); }} /></main>;
}

function Guarded({ children }: { children: React.ReactNode }) {
  return <Net>{children}</Net>;
}

const shell = createRoute({ getParentRoute: () => root, id: "shell", component: Shell });
const home = createRoute({ getParentRoute: () => root, path: "/", beforeLoad: () => { throw redirect({ to: "/workspaces" }); } });

const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", validateSearch: anything, component: lazyRouteComponent(() => import("./pages/sign_in"), "SignIn") });
// Addresses that other Coder clients know.
const login = createRoute({ getParentRoute: () => root, path: "/login", validateSearch: anything, beforeLoad: () => { throw redirect({ to: "/sign-in" }); } });
// The window of the tray's menu shows nothing else; in a browser the page says where it belongs.
const trayMenu = createRoute({ getParentRoute: () => root, path: "/menu", component: lazyRouteComponent(() => import("./pages/tray_menu"), "TrayMenu") });
const first = createRoute({ getParentRoute: () => root, path: "/first", component: lazyRouteComponent(() => import("./pages/first"), "First") });

const workspaces = createRoute({ getParentRoute: () => shell, path: "/workspaces", validateSearch: anything, component: () => <Guarded><Workspaces /></Guarded> });
const workspace = page(shell, "/@{$owner}/$name", lazyRouteComponent(() => import("./pages/workspace"), "WorkspacePage"));
const build = page(shell, "/@{$owner}/$name/builds/$number", lazyRouteComponent(() => import("./pages/build"), "BuildPage"));
const terminal = page(shell, "/@{$owner}/$name/terminal", lazyRouteComponent(() => import("./pages/terminal"), "TerminalPage"));
const templates = page(shell, "/templates", lazyRouteComponent(() => import("./pages/templates"), "Templates"));
const template = page(shell, "/templates/$template", lazyRouteComponent(() => import("./pages/template"), "TemplatePage"));
const create = page(shell, "/templates/$template/workspace", lazyRouteComponent(() => import("./pages/create"), "Create"));
const settings = page(shell, "/settings", lazyRouteComponent(() => import("./pages/settings"), "Settings"));
const tokens = page(shell, "/tokens", lazyRouteComponent(() => import("./pages/tokens"), "Tokens"));
const cli = page(shell, "/cli-auth", lazyRouteComponent(() => import("./pages/tokens"), "CliAuth"));
const handOff = page(shell, "/hand-off", lazyRouteComponent(() => import("./pages/hand_off"), "HandOff"));
const health = page(shell, "/health", lazyRouteComponent(() => import("./pages/health"), "Health"));

function page<Parent extends AnyRoute, Path extends string>(parent: Parent, path: Path, component: ReturnType<typeof lazyRouteComponent>) {
  return createRoute({ getParentRoute: () => parent, path, validateSearch: anything, component });
}

const table = root.addChildren([
  home, signIn, login, first, trayMenu,
  shell.addChildren([workspaces, workspace, build, terminal, templates, template, create, settings, tokens, cli, handOff, health]),
]);

export function newRouter(queries: QueryClient) {
  return createRouter({ routeTree: table, context: { queries }, defaultPreload: "intent", scrollRestoration: false, defaultErrorComponent: Trouble404 });
}

function Trouble404({ error, reset }: { error: unknown; reset: () => void }) {
  return <Trouble failure={error} retry={() => { reset(); location.reload(); }} />;
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
