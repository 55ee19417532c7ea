// One template: what it says about itself, what it asks for, and its versions.
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { parameters, template, versions } from "../data/templates";
import { ButtonLink } from "../look/button";
import { Mark } from "../look/mark";
import { Empty, Facts, Head, Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { full, left } from "../rules/moment";
import { control, type Control } from "../rules/parameter";
import type { Template } from "../wire/rest";

export function TemplatePage() {
  const { template: name = "" } = useParams({ strict: false });
  const found = useQuery(template(name));
  if (found.isPending) return <Panel><Waiting what={name} /></Panel>;
  if (!found.data) return <><Head name={name} title={name} /><Trouble failure={found.error} title={`The template ${name} could not be read`} retry={() => void found.refetch()} /></>;
  const one = found.data;
  return (
    <>
      <Head name={one.display_name || one.name} title={one.display_name || one.name} under={one.description} side={<ButtonLink to="/templates/$template/workspace" params={{ template: one.name }} weight="primary" icon={Plus}>New workspace</ButtonLink>} />
      <div className="grid gap-4">
        {one.deprecated && <Panel title="Deprecated">{one.deprecation_message || "New workspaces should use another template."}</Panel>}
        <Panel title="Facts">
          <Facts
            rows={[
              ["Name", <code key="name">{one.name}</code>],
              ["Made by", one.created_by_name || "the server"],
              ["Stops after", one.default_ttl_ms > 0 ? left(one.default_ttl_ms) : "never by itself"],
              ["Follow newest version", one.require_active_version ? "always" : "as each workspace says"],
            ]}
          />
        </Panel>
        <Asked one={one} />
        <Versions one={one} />
      </div>
    </>
  );
}

const FORMS: Record<Control, string> = { switch: "yes or no", checkbox: "yes or no", radio: "one of", choice: "one of", choices: "some of", tags: "texts", slider: "a number", number: "a number", text: "text", area: "text" };

/** What a new workspace is asked for, before anybody begins one. */
function Asked({ one }: { one: Template }) {
  const found = useQuery(parameters(one.active_version_id));
  if (found.error) return <Trouble failure={found.error} title="What it asks for could not be read" retry={() => void found.refetch()} />;
  const all = found.data ?? [];
  return (
    <Panel flush={all.length > 0} title="Asks for">
      {found.isPending ? <Waiting what="parameters" /> : all.length === 0 ? <p>Only a name.</p> : (
        <ul className="divide-y divide-line">
          {all.map((asked) => (
            <li key={asked.name} className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-2.5">
              <span className="font-medium">{asked.display_name || asked.name}</span>
              <span className="text-quiet">{FORMS[control(asked)]}{asked.options.length > 0 && ` ${asked.options.map((option) => option.name).join(", ")}`}{asked.required ? ", needed" : ""}{!asked.mutable && ", for good"}{asked.ephemeral && ", for one build"}</span>
              <span className="basis-full text-quiet empty:hidden">{asked.description_plaintext || asked.description}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Versions({ one }: { one: Template }) {
  const found = useQuery(versions(one.id));
  if (found.error) return <Trouble failure={found.error} title="The versions could not be read" retry={() => void found.refetch()} />;
  const all = found.data ?? [];
  return (
    <Panel flush title="Versions">
      {found.isPending ? <Waiting what="versions" /> : all.length === 0 ? <Empty title="No version" /> : (
        <ul className="divide-y divide-line">
          {all.map((version) => (
            <li key={version.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
              <span className="font-medium">{version.name}</span>
              {version.id === one.active_version_id && <Mark word={{ text: "In use", tone: "good" }} />}
              {version.job.status === "failed" && <Mark word={{ text: "Failed", tone: "bad" }} />}
              {version.archived && <Mark word={{ text: "Archived", tone: "idle" }} />}
              <span className="min-w-0 break-words text-quiet">{version.message || version.job.error}</span>
              <span className="text-quiet sm:ml-auto">{full(version.created_at)}{version.created_by.username && `, ${version.created_by.username}`}</span>
              {version.readme && (
                <details className="basis-full">
                  <summary className="text-quiet">Read about it</summary>
                  <pre className="mt-2 max-h-96 overflow-auto font-sans break-words whitespace-pre-wrap">{version.readme}</pre>
                </details>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
