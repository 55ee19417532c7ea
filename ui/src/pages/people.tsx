// Who has an account here. The owner makes them, suspends them and lets them in again.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { createUser, me, setSuspended, users } from "../data/account";
import { keys } from "../data/queries";
import { announce } from "../look/announce";
import { Button } from "../look/button";
import { Confirm, Dialog, type Question } from "../look/dialog";
import { Field } from "../look/field";
import { Mark } from "../look/mark";
import { Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { since } from "../rules/moment";
import { nameFault } from "../rules/name";
import { asFailure } from "../transport/failure";
import type { User } from "../wire/rest";

export function People({ isOwner }: { isOwner: boolean }) {
  const found = useQuery(users);
  const own = useQuery(me);
  const queries = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [question, setQuestion] = useState<Question>();
  const change = (one: User, is: boolean) =>
    setQuestion({
      title: is ? `Suspend ${one.username}?` : `Let ${one.username} in again?`,
      text: is ? "Its sessions and tokens end at once. Its workspaces stay." : "It signs in with the password it had.",
      verb: is ? "Suspend" : "Let in",
      isDangerous: is,
      run: async () => {
        await setSuspended(one, is);
        announce(is ? `${one.username} is suspended.` : `${one.username} may sign in.`);
        await queries.invalidateQueries({ queryKey: keys.users });
      },
    });
  return (
    <div className="lg:col-span-2">
      <Panel flush title="Accounts of this deployment" side={isOwner && <Button size="small" icon={Plus} onClick={() => setMaking(true)}>New account</Button>}>
        {found.isPending ? <Waiting what="accounts" /> : found.error ? <div className="p-4"><Trouble failure={found.error} retry={() => void found.refetch()} /></div> : (
          <ul className="divide-y divide-line">
            {found.data.users.map((one) => {
              const isOut = one.status === "suspended";
              return (
                <li key={one.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
                  <span className="font-medium">{one.username}</span>
                  <span className="min-w-0 break-all text-quiet">{one.email}</span>
                  <Mark word={isOut ? { text: "Suspended", tone: "warn" } : { text: "Active", tone: "good" }} />
                  <span className="ml-auto text-quiet">seen {since(one.last_seen_at, Date.now())}</span>
                  {isOwner && one.id !== own.data?.id && <Button size="small" aria-label={`${isOut ? "Let in" : "Suspend"} ${one.username}`} onClick={() => change(one, !isOut)}>{isOut ? "Let in" : "Suspend"}</Button>}
                </li>
              );
            })}
          </ul>
        )}
      </Panel>
      <Dialog title="New account" under="Tell the person the address and the password; they can change it in their settings." isOpen={isMaking} close={() => setMaking(false)}>
        <Maker close={() => setMaking(false)} />
      </Dialog>
      <Confirm question={question} close={() => setQuestion(undefined)} />
    </div>
  );
}

function Maker({ close }: { close: () => void }) {
  const queries = useQueryClient();
  const [form, setForm] = useState({ username: "", email: "", name: "", password: "" });
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const known = failure === undefined ? undefined : asFailure(failure);
  const set = (field: keyof typeof form) => (event: { target: { value: string } }) => setForm({ ...form, [field]: event.target.value });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await createUser(form);
      announce(`${form.username} has an account.`);
      await queries.invalidateQueries({ queryKey: keys.users });
      close();
    } catch (thrown) {
      setFailure(thrown);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4">
      <Field label="User name" required autoComplete="off" value={form.username} onChange={set("username")} fault={form.username === "" ? undefined : nameFault(form.username) ?? known?.about("username")} />
      <Field label="Email" required type="email" autoComplete="off" value={form.email} onChange={set("email")} fault={known?.about("email")} />
      <Field label="Password" required type="password" minLength={8} autoComplete="new-password" value={form.password} onChange={set("password")} fault={known?.about("password")} />
      {failure !== undefined && <Trouble failure={failure} />}
      <div className="flex justify-end gap-2"><Button onClick={close}>Cancel</Button><Button type="submit" weight="primary" isBusy={isBusy}>Make the account</Button></div>
    </form>
  );
}
