// An address that shows nothing.
import { ButtonLink } from "../look/button";
import { Head } from "../look/panel";
import { Logo } from "../shell/logo";

export function NotFound() {
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="w-full max-w-md">
        <Logo className="mb-4 size-10" />
        <div className="rounded-xl border border-line bg-surface p-6">
          <Head name="Not found" title="There is no such page" />
          <p className="mb-4">The address may be mistyped, or what it named was removed. Everything there is can be reached from the list of workspaces.</p>
          <ButtonLink to="/workspaces" weight="primary">To the workspaces</ButtonLink>
        </div>
      </div>
    </main>
  );
}
