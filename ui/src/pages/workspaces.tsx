// The list of workspaces: searched, picked, started and stopped many at a time.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Play, Plus, Square } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useLiveList } from "../data/live";
import { changed, favorite, order, workspaces } from "../data/workspaces";
import { announce } from "../look/announce";
import { Button, ButtonLink } from "../look/button";
import { Confirm, type Question } from "../look/dialog";
import { Empty, Head, Panel, Waiting } from "../look/panel";
import { useNow } from "../look/now";
import { Trouble } from "../look/trouble";
import { problem } from "../rules/filter";
import { able, inOrder } from "../rules/status";
import { asFailure } from "../transport/failure";
import type { Workspace } from "../wire/rest";
import { Row } from "./workspace_row";
import { Search } from "./workspace_search";

/** Typing asks the server when the fingers rest. */
const REST = 250;

export function Workspaces() {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const asked = typeof search.q === "string" ? search.q : "";
  const [query, setQuery] = useState(asked);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [question, setQuestion] = useState<Question>();
  const fault = problem(query);
  useEffect(() => {
    if (query === asked || fault) return;
    const timer = setTimeout(() => void navigate({ to: "/workspaces", search: query === "" ? {} : { q: query }, replace: true }), REST);
    return () => clearTimeout(timer);
  }, [query, asked, fault, navigate]);

  const isLive = useLiveList();
  const list = useQuery(workspaces(asked, isLive));
  const all = inOrder(list.data?.workspaces ?? []);
  const chosen = all.filter((one) => picked.has(one.id));
  const pick = useCallback((one: Workspace, is: boolean) => {
    setPicked((before) => {
      const next = new Set(before);
      if (is) next.add(one.id);
      else next.delete(one.id);
      return next;
    });
  }, []);
  const star = useCallback((one: Workspace) => {
    favorite(one, !one.favorite).then(() => changed(queries), (thrown: unknown) => announce(asFailure(thrown).message));
  }, [queries]);
  const now = useNow();
  const ask = (transition: "start" | "stop") => {
    const these = able(chosen, transition);
    const word = transition === "start" ? "Start" : "Stop";
    setQuestion({
      title: `${word} ${these.length === 1 ? these[0]!.name : `${these.length} workspaces`}?`,
      text: <>{these.map((one) => one.name).join(", ")}{transition === "stop" && <span className="mt-2 block">Programs that run there end.</span>}</>,
      verb: word,
      run: async () => {
        const ends = await Promise.allSettled(these.map((one) => order(one, transition)));
        await changed(queries);
        const bad = ends.filter((end) => end.status === "rejected");
        if (bad.length > 0) throw asFailure(bad[0]!.reason);
        setPicked(new Set());
        announce(`${word === "Start" ? "Starting" : "Stopping"} ${these.length === 1 ? these[0]!.name : `${these.length} workspaces`}.`);
      },
    });
  };

  return (
    <>
      <Head name="Workspaces" title="Workspaces" side={<ButtonLink to="/templates" weight="primary" icon={Plus}>New workspace</ButtonLink>} />
      <div className="grid gap-4">
        <Search query={query} setQuery={setQuery} fault={fault} />
        {list.error && <Trouble failure={list.error} title="The list could not be read" retry={() => void list.refetch()} />}
        {!(list.error && !list.data) && (
          <Panel
            flush
            title={list.data ? `${list.data.count} ${list.data.count === 1 ? "workspace" : "workspaces"}` : "Workspaces"}
            side={chosen.length > 0 && (
              <div className="flex flex-wrap items-center gap-2">
                <span className="text-quiet">{chosen.length} picked</span>
                <Button size="small" icon={Play} disabled={able(chosen, "start").length === 0} onClick={() => ask("start")}>Start</Button>
                <Button size="small" icon={Square} disabled={able(chosen, "stop").length === 0} onClick={() => ask("stop")}>Stop</Button>
                <Button size="small" weight="quiet" onClick={() => setPicked(new Set())}>Clear</Button>
              </div>
            )}
          >
            {list.isPending ? <Waiting what="workspaces" /> : all.length === 0 ? <Nothing isSearch={asked !== ""} /> : (
              <ul aria-label="Workspaces" className="divide-y divide-line">
                {all.map((one) => (
                  <Row
                    key={one.id}
                    one={one}
                    isPicked={picked.has(one.id)}
                    pick={pick}
                    ask={setQuestion}
                    star={star}
                    now={now}
                  />
                ))}
              </ul>
            )}
          </Panel>
        )}
      </div>
      <Confirm question={question} close={() => setQuestion(undefined)} />
    </>
  );
}

function Nothing({ isSearch }: { isSearch: boolean }) {
  if (isSearch) return <Empty title="No workspace is like that">Change the search, or clear it to see them all.</Empty>;
  return (
    <Empty title="No workspace yet">
      <p className="mb-3">A template says what a workspace is made of: this computer itself, or a process on it.</p>
      <ButtonLink to="/templates" weight="primary" icon={Plus}>Choose a template</ButtonLink>
    </Empty>
  );
}
