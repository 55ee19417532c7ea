// The page of a terminal: which workspace daemon, and the screen, whose code is loaded only here.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useWatch, workspace } from "../data/workspaces";
import { Button } from "../look/button";
import { Head, Panel, Waiting } from "../look/panel";
import { Mark } from "../look/mark";
import { Net, Trouble } from "../look/trouble";
import { daemons, visible } from "../rules/name";
import { daemonWord, statusWord } from "../rules/status";

const Screen = lazy(() => import("../terminal/screen"));

export function TerminalPage() {
  const { owner = "", name: given = "" } = useParams({ strict: false });
  const search: Record<string, unknown> = useSearch({ strict: false });
  // `workspace.daemon` is how addresses of other clients name one.
  const [name = "", suffix] = given.split(".");
  // A link may name a command; only a person runs it.
  const [agreed, setAgreed] = useState<string>();
  const [isPlain, setPlain] = useState(false);
  const found = useQuery(workspace(owner, name));
  useWatch(found.data);
  const title = `Terminal of ${name}`;
  if (found.isPending) return <Panel><Waiting what={name} /></Panel>;
  if (!found.data) return <><Head name={title} title={title} /><Trouble failure={found.error} title={`${owner}/${name} could not be read`} retry={() => void found.refetch()} /></>;
  const all = daemons(found.data);
  const wanted = typeof search.daemon === "string" ? search.daemon : suffix;
  const daemon = wanted === undefined ? all[0] : all.find((one) => one.name === wanted);
  const back = <Link to="/@{$owner}/$name" params={{ owner, name }} className="text-accent underline">Back to {name}</Link>;
  if (!daemon) {
    return (
      <>
        <Head name={title} title={<>{title} <Mark word={statusWord(found.data.latest_build.status)} /></>} under={back} />
        <Panel><p>{all.length === 0 ? "No workspace daemon runs there now. Start the workspace; the terminal opens here when its daemon is connected." : `There is no workspace daemon named ${wanted}.`}</p></Panel>
      </>
    );
  }
  const asked = search.command === undefined ? "" : String(search.command);
  if (asked !== "" && asked !== agreed && !isPlain) {
    return (
      <>
        <Head name={title} title={title} under={back} />
        <Panel title="A link wants to run a command">
          <div className="grid gap-3">
            <p>The address that opened this page asks {daemon.name} in {name} to run this, as you:</p>
            <pre className="max-h-60 overflow-auto rounded-md border border-line bg-sunken p-3 break-words whitespace-pre-wrap">{visible(asked)}</pre>
            <p className="text-quiet">Nothing has run yet. Run it only if you know where the link came from.</p>
            <div className="flex flex-wrap gap-2"><Button weight="primary" onClick={() => setPlain(true)}>Open a shell without it</Button><Button onClick={() => setAgreed(asked)}>Run the command</Button></div>
          </div>
        </Panel>
      </>
    );
  }
  const command = isPlain ? "" : asked;
  return (
    <div className="flex h-[calc(100dvh-9rem)] min-h-80 flex-col">
      <Head name={title} title={<>{title} <Mark word={daemonWord(daemon.status, daemon.lifecycle_state)} /></>} under={<>{daemon.name} · {back}</>} />
      <Net>
        <Suspense fallback={<Waiting what="the terminal" />}>
          <Screen key={daemon.id} daemon={daemon.id} name={daemon.name} command={command} isConnected={daemon.status === "connected"} />
        </Suspense>
      </Net>
    </div>
  );
}
