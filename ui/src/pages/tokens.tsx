// Tokens: for programs and other computers. Listed, made (shown once), revoked.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { keys } from "../data/queries";
import { createToken, revokeToken, tokens } from "../data/tokens";
import { announce } from "../look/announce";
import { Button } from "../look/button";
import { Copyable } from "../look/copy";
import { Confirm, Dialog, type Question } from "../look/dialog";
import { Choice, Field } from "../look/field";
import { Empty, Head, Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { expiry, full, since } from "../rules/moment";
import type { ApiKey } from "../wire/rest";

export function Tokens() {
  const found = useQuery(tokens);
  const queries = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [question, setQuestion] = useState<Question>();
  const all = found.data ?? [];
  const revoke = (one: ApiKey) =>
    setQuestion({
      title: `Revoke ${one.token_name}?`,
      text: "Programs that use it are signed out at once. This cannot be undone.",
      verb: "Revoke",
      isDangerous: true,
      run: async () => {
        await revokeToken(one.id);
        announce(`${one.token_name} was revoked.`);
        await queries.invalidateQueries({ queryKey: keys.tokens });
      },
    });
  return (
    <>
      <Head name="Tokens" title="Tokens" under="A token signs in a program or another computer, as you." side={<Button weight="primary" icon={Plus} onClick={() => setMaking(true)}>New token</Button>} />
      {found.error ? <Trouble failure={found.error} title="The tokens could not be read" retry={() => void found.refetch()} /> : (
        <Panel flush>
          {found.isPending ? <Waiting what="tokens" /> : all.length === 0 ? <Empty title="No token yet">The command line on another computer asks for one: <code>homeport login</code>.</Empty> : (
            <ul className="divide-y divide-line">
              {all.map((one) => (
                <li key={one.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
                  <div className="min-w-0 grow basis-40"><span className="font-medium break-all">{one.token_name}</span><code className="block text-quiet">{one.id}…</code></div>
                  <span className="text-quiet">used {since(one.last_used, Date.now())}</span>
                  <Expiry time={one.expires_at} />
                  <Button size="small" onClick={() => revoke(one)} aria-label={`Revoke ${one.token_name}`}>Revoke</Button>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      )}
      <Dialog title="New token" under="It may do everything that you may." isOpen={isMaking} close={() => setMaking(false)}>
        <Maker close={() => setMaking(false)} />
      </Dialog>
      <Confirm question={question} close={() => setQuestion(undefined)} />
    </>
  );
}

const DAYS: Array<[number, string]> = [[1, "1 day"], [7, "7 days"], [30, "30 days"], [90, "90 days"], [365, "1 year"]];

function Maker({ close, start = "" }: { close?: () => void; start?: string }) {
  const queries = useQueryClient();
  const [name, setName] = useState(start);
  const [days, setDays] = useState(30);
  const [made, setMade] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      setMade((await createToken(name, days)).key);
      await queries.invalidateQueries({ queryKey: keys.tokens });
    } catch (thrown) {
      setFailure(thrown);
    } finally {
      setBusy(false);
    }
  };
  if (made !== undefined) {
    return (
      <div className="grid gap-3">
        <p role="status">The token is made. It is shown now and never again.</p>
        <Copyable isWide name="the token" text={made} />
        {close && <div className="flex justify-end"><Button weight="primary" onClick={close}>I have kept it</Button></div>}
      </div>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4">
      <Field label="Name" required autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} hint="Where it is used, for example laptop." />
      <Choice label="Good for" value={days} onChange={(event) => setDays(Number(event.target.value))}>
        {DAYS.map(([count, text]) => <option key={count} value={count}>{text}</option>)}
      </Choice>
      {failure !== undefined && <Trouble failure={failure} />}
      <div className="flex justify-end gap-2">{close && <Button onClick={close}>Cancel</Button>}<Button type="submit" weight="primary" isBusy={isBusy}>Make the token</Button></div>
    </form>
  );
}

/** When a token ends, said louder when that is soon. */
function Expiry({ time }: { time: string }) {
  const { text, isSoon } = expiry(time, Date.now());
  return <span title={full(time)} className={isSoon ? "font-medium text-warn" : "text-quiet"}>{text}</span>;
}

/** The page that a command line sends a person to. */
export function CliAuth() {
  return (
    <div className="mx-auto max-w-lg">
      <Head name="Sign in a command line" title="Sign in a command line" under={<>A program asked you to come here. Make a token, then paste it where the program waits. For this server: <code>homeport login {location.origin}</code></>} />
      <Panel><Maker start="cli" /></Panel>
    </div>
  );
}
