// An address that shows nothing.
import { ButtonLink } from "../look/button";
import { Empty, Head } from "../look/panel";

export function NotFound() {
  return (
    <main className="mx-auto max-w-2xl p-6">
      <Head name="Not found" title="There is no such page" />
      <Empty title="The address may be mistyped, or what it named was removed.">
        <p className="mb-3">Everything there is can be reached from the list of workspaces.</p>
        <ButtonLink to="/workspaces" weight="primary">To the workspaces</ButtonLink>
      </Empty>
    </main>
  );
}
