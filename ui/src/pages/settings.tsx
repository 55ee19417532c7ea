// The account that is signed in: its facts, password, SSH key, sessions; the look of these pages; who else has an account.
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { changePassword, me, sshKey } from "../data/account";
import { announce } from "../look/announce";
import { Button } from "../look/button";
import { Copyable } from "../look/copy";
import { Field } from "../look/field";
import { Facts, Head, Panel, Waiting } from "../look/panel";
import { keepTheme, readTheme, type Theme } from "../look/theme";
import { Trouble } from "../look/trouble";
import { full } from "../rules/moment";
import { asFailure } from "../transport/failure";
import { People } from "./people";
import { Sessions } from "./sessions";

export function Settings() {
  const account = useQuery(me);
  return (
    <>
      <Head name="Settings" title="Settings" />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel title="Account">
          {account.error ? <Trouble failure={account.error} retry={() => void account.refetch()} /> : !account.data ? <Waiting what="your account" /> : (
            <Facts rows={[["User name", account.data.username], ["Name", account.data.name || "not given"], ["Email", account.data.email], ["Role", account.data.roles.some((role) => role.name === "owner") ? "Owner" : "Member"], ["Since", full(account.data.created_at)]]} />
          )}
        </Panel>
        <Look />
        <Password />
        <Key />
        <Sessions />
        <People isOwner={account.data?.roles.some((role) => role.name === "owner") ?? false} />
      </div>
    </>
  );
}

const THEMES: Array<[Theme, string, string]> = [
  ["system", "As the system", "Follows light and dark of this computer."],
  ["light", "Light", ""],
  ["dark", "Dark", ""],
];

function Look() {
  const [theme, setTheme] = useState<Theme>(readTheme);
  return (
    <Panel title="Look">
      <fieldset className="grid gap-2">
        <legend className="sr-only">Theme</legend>
        {THEMES.map(([key, name, note]) => (
          <label key={key} className="flex items-start gap-3">
            <input type="radio" name="theme" className="mt-0.5 size-4" checked={theme === key} onChange={() => { keepTheme(key); setTheme(key); }} />
            <span>{name}{note && <span className="block text-quiet">{note}</span>}</span>
          </label>
        ))}
      </fieldset>
    </Panel>
  );
}

function Password() {
  const [old, setOld] = useState("");
  const [wanted, setWanted] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const known = failure === undefined ? undefined : asFailure(failure);
  const fault = wanted !== "" && wanted.length < 8 ? "At least 8 characters." : known?.about("password");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (wanted.length < 8) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await changePassword({ old_password: old, password: wanted });
      announce("The password was changed. Other sessions were ended.");
      setOld("");
      setWanted("");
    } catch (thrown) {
      setFailure(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title="Password">
      <form onSubmit={(event) => void submit(event)} className="grid gap-4">
        <Field label="Present password" type="password" autoComplete="current-password" value={old} onChange={(event) => setOld(event.target.value)} fault={known?.about("old_password")} hint="Empty if this account has none yet." />
        <Field label="New password" type="password" autoComplete="new-password" required value={wanted} onChange={(event) => setWanted(event.target.value)} fault={fault} />
        {known && <Trouble failure={known} />}
        <div><Button type="submit" isBusy={isBusy}>Change the password</Button></div>
      </form>
    </Panel>
  );
}

function Key() {
  const found = useQuery(sshKey);
  return (
    <Panel title="SSH key for Git">
      {found.isPending ? <Waiting what="the key" /> : found.error ? <Trouble failure={found.error} retry={() => void found.refetch()} /> : (
        <div className="grid gap-3">
          <p className="text-quiet">Workspaces use this key for Git. Give its public half to the place that keeps your code.</p>
          <Copyable isWide name="the public key" text={found.data.public_key.trim()} />
        </div>
      )}
    </Panel>
  );
}
