// The first account of a fresh deployment. Whoever makes it owns everything here.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent } from "react";
import { createFirst, hasFirst, me, signIn } from "../data/account";
import { Button } from "../look/button";
import { Field } from "../look/field";
import { Head } from "../look/panel";
import { Trouble } from "../look/trouble";
import { nameFault } from "../rules/name";
import { asFailure } from "../transport/failure";
import { Narrow } from "./sign_in";

export function First() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const there = useQuery(hasFirst);
  const [form, setForm] = useState({ username: "", name: "", email: "", password: "" });
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  useEffect(() => {
    if (there.data === true && !isBusy) void navigate({ to: "/sign-in", replace: true });
  }, [there.data, isBusy, navigate]);

  const faults = {
    username: nameFault(form.username),
    email: form.email.includes("@") ? undefined : "An address with an @ is needed.",
    password: form.password.length >= 8 ? undefined : "At least 8 characters.",
  };
  const said = (field: keyof typeof faults) => (isTried ? faults[field] : undefined) ?? (failure === undefined ? undefined : asFailure(failure).about(field));
  const set = (field: keyof typeof form) => (event: { target: { value: string } }) => setForm({ ...form, [field]: event.target.value });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.values(faults).some(Boolean)) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await createFirst({ ...form, trial: false });
      await signIn({ email: form.email, password: form.password });
      queries.removeQueries();
      await queries.fetchQuery(me);
      await navigate({ to: "/workspaces", replace: true });
    } catch (thrown) {
      setFailure(thrown);
      setBusy(false);
    }
  };
  return (
    <Narrow>
      <Head name="First account" title="Welcome to Homeport" under="Nobody has an account here yet. The first one owns this deployment." />
      <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-4">
        <Field label="User name" required autoComplete="username" value={form.username} onChange={set("username")} fault={said("username")} hint="It is part of addresses and of names." />
        <Field label="Full name" autoComplete="name" value={form.name} onChange={set("name")} />
        <Field label="Email" required type="email" autoComplete="email" value={form.email} onChange={set("email")} fault={said("email")} />
        <Field label="Password" required type="password" autoComplete="new-password" value={form.password} onChange={set("password")} fault={said("password")} />
        {failure !== undefined && <Trouble failure={failure} />}
        <Button type="submit" weight="primary" isBusy={isBusy}>Create the account</Button>
      </form>
    </Narrow>
  );
}
