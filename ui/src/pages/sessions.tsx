// Where the account is signed in: browsers and command lines, when they were used last, and ending one of them.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { keys } from "../data/queries";
import { endSession, sessions } from "../data/sessions";
import { announce } from "../look/announce";
import { Button } from "../look/button";
import { Confirm, type Question } from "../look/dialog";
import { Mark } from "../look/mark";
import { Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { expiry, full, since } from "../rules/moment";
import type { Session } from "../wire/rest";

export function Sessions() {
  const found = useQuery(sessions);
  const queries = useQueryClient();
  const [question, setQuestion] = useState<Question>();
  const end = (those: Session[]) =>
    setQuestion({
      title: those.length === 1 ? "End this session?" : `End ${those.length} sessions?`,
      text: "What is signed in by it is signed out at once, open terminals with it.",
      verb: "End",
      isDangerous: true,
      run: async () => {
        for (const one of those) await endSession(one.id);
        announce(those.length === 1 ? "The session was ended." : "The other sessions were ended.");
        await queries.invalidateQueries({ queryKey: keys.sessions });
      },
    });
  const others = (found.data ?? []).filter((one) => !one.is_current);
  return (
    <div className="lg:col-span-2">
      <Panel flush title="Where you are signed in" side={others.length > 1 && <Button size="small" onClick={() => end(others)}>End all others</Button>}>
        {found.isPending ? <Waiting what="sessions" /> : found.error ? <div className="p-4"><Trouble failure={found.error} retry={() => void found.refetch()} /></div> : (
          <ul className="divide-y divide-line">
            {found.data.map((one) => (
              <li key={one.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
                <span className="font-medium" title={full(one.created_at)}>Signed in {since(one.created_at, Date.now())}</span>
                {one.is_current && <Mark word={{ text: "This window", tone: "good" }} />}
                <code className="text-quiet">{one.id}…</code>
                <span className="ml-auto text-quiet">used {since(one.last_used, Date.now())}</span>
                <span className="text-quiet" title={full(one.expires_at)}>{expiry(one.expires_at, Date.now()).text}</span>
                {!one.is_current && <Button size="small" aria-label={`End the session ${one.id}`} onClick={() => end([one])}>End</Button>}
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Confirm question={question} close={() => setQuestion(undefined)} />
    </div>
  );
}
