// The templates that workspaces are made of.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LayoutTemplate, Plus } from "lucide-react";
import { templates } from "../data/templates";
import { ButtonLink } from "../look/button";
import { Empty, Head, Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { since } from "../rules/moment";

export function Templates() {
  const found = useQuery(templates);
  const all = found.data ?? [];
  return (
    <>
      <Head name="Templates" title="Templates" under="What a workspace is made of." />
      {found.error ? <Trouble failure={found.error} title="The templates could not be read" retry={() => void found.refetch()} /> : (
        <Panel flush>
          {found.isPending ? <Waiting what="templates" /> : all.length === 0 ? <Empty title="No template">Templates come with the server. This one has none; its log says why.</Empty> : (
            <ul className="divide-y divide-line">
              {all.map((one) => (
                <li key={one.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
                  <span aria-hidden className="grid size-9 shrink-0 place-items-center rounded-md bg-accent-soft text-accent"><LayoutTemplate className="size-5" /></span>
                  <div className="min-w-0 grow basis-48">
                    <Link to="/templates/$template" params={{ template: one.name }} className="font-medium underline-offset-2 hover:underline">{one.display_name || one.name}</Link>
                    <p className="text-quiet">{one.deprecated ? `Deprecated: ${one.deprecation_message}` : one.description || one.name}</p>
                  </div>
                  <span className="text-[0.8125rem] text-quiet">{one.active_user_count} {one.active_user_count === 1 ? "person" : "people"}, changed {since(one.updated_at, Date.now())}</span>
                  <ButtonLink to="/templates/$template/workspace" params={{ template: one.name }} icon={Plus} aria-label={`New workspace of ${one.display_name || one.name}`}>New workspace</ButtonLink>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      )}
    </>
  );
}
