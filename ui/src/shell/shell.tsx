// What stands around every page after the sign-in: skip link, navigation, account menu, and the gate itself.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Boxes, HeartPulse, KeyRound, LayoutTemplate, LogOut, Settings as Cog } from "lucide-react";
import { useEffect, useRef } from "react";
import { me, signOut } from "../data/account";
import { buildInfo } from "../data/deployment";
import { restarts } from "../data/restart";
import { announce } from "../look/announce";
import { Menu } from "../look/menu";
import { Waiting } from "../look/panel";
import { Net, Trouble } from "../look/trouble";
import { asFailure } from "../transport/failure";
import { Logo } from "./logo";
import { Restarts } from "./restarts";
import { useSearchKey } from "./shortcut";
import { ThemeMenu } from "./theme_menu";

const PLACES = [
  { to: "/workspaces", name: "Workspaces", icon: Boxes },
  { to: "/templates", name: "Templates", icon: LayoutTemplate },
  { to: "/tokens", name: "Tokens", icon: KeyRound },
  { to: "/health", name: "Health", icon: HeartPulse },
] as const;

export function Shell() {
  const account = useQuery(me);
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.href });
  const isOut = account.error !== null && asFailure(account.error).kind === "signed-out";
  useSearchKey();
  const wanted = useRef(path);
  if (!path.startsWith("/sign-in")) wanted.current = path;
  useEffect(() => {
    if (isOut) void navigate({ to: "/sign-in", search: { next: wanted.current }, replace: true });
  }, [isOut, navigate]);

  if (account.isPending || isOut) return <main className="mx-auto max-w-2xl p-6"><Waiting what="your account" /></main>;
  if (account.error) return <main className="mx-auto max-w-2xl p-6"><Trouble failure={account.error} retry={() => void account.refetch()} /></main>;
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#main" className="sr-only z-50 rounded-md bg-accent-strong px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-2 focus:left-2">Skip to the page</a>
      <header className="sticky top-0 z-30 border-b border-line bg-surface">
        <div className="mx-auto flex h-12 max-w-[92rem] items-center gap-1 px-3 sm:px-5">
          <Link to="/workspaces" className="mr-1 flex items-center gap-2 rounded-md p-1 font-semibold sm:mr-4" aria-label="Homeport, to the workspaces">
            <Logo /> <span className="hidden md:inline">Homeport</span>
          </Link>
          <nav aria-label="Main" className="flex min-w-0 grow gap-0.5">
            {PLACES.map(({ to, name, icon: Icon }) => (
              <Link key={to} to={to} aria-label={name} title={name} className="flex h-8 items-center gap-2 rounded-md px-2.5 text-quiet hover:bg-sunken hover:text-ink sm:px-3" activeProps={{ className: "bg-accent-soft font-medium !text-ink", "aria-current": "page" }}>
                <Icon aria-hidden className="size-4" /> <span className="hidden sm:inline">{name}</span>
              </Link>
            ))}
          </nav>
          <ThemeMenu />
          <AccountMenu name={account.data.username} email={account.data.email} />
        </div>
      </header>
      <PageArea path={path} />
      <Foot />
    </div>
  );
}

/** The page itself. A net of its own for each address: an error of one page does not follow to the next. */
function PageArea({ path }: { path: string }) {
  const place = path.split(/[?#]/)[0];
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    window.scrollTo(0, 0);
  }, [place]);
  return (
    <main id="main" tabIndex={-1} className="mx-auto w-full max-w-[92rem] grow px-3 py-5 sm:px-5 sm:py-6">
      <Restarts />
      <Net key={place}><Outlet /></Net>
    </main>
  );
}

function AccountMenu({ name, email }: { name: string; email: string }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const leave = async () => {
    try {
      await signOut();
    } catch (thrown) {
      if (asFailure(thrown).kind !== "signed-out") return announce(asFailure(thrown).message);
    }
    restarts.forgetAll();
    queries.clear();
    await navigate({ to: "/sign-in" });
  };
  return (
    <Menu
      head={<><span className="block font-medium text-ink">{name}</span><span className="block max-w-56 truncate">{email}</span></>}
      button={
        <button type="button" aria-label={`Account ${name}`} className="grid size-8 place-items-center rounded-full bg-accent-soft font-semibold text-accent uppercase">
          {name.slice(0, 1)}
        </button>
      }
      items={[
        { name: "Settings", icon: Cog, run: () => void navigate({ to: "/settings" }) },
        { name: "Tokens", icon: KeyRound, run: () => void navigate({ to: "/tokens" }) },
        { name: "Sign out", icon: LogOut, run: () => void leave() },
      ]}
    />
  );
}

function Foot() {
  const info = useQuery(buildInfo);
  return <footer className="mx-auto w-full max-w-[92rem] px-3 pb-4 text-[0.8125rem] text-quiet sm:px-5">Homeport {info.data?.version ?? ""}</footer>;
}
