// Signing in: by password, by a token where there is no password, or by a one-use code that `homeport dashboard` made.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { hasFirst, me, signIn, signInByCode } from "../data/account";
import { Button } from "../look/button";
import { Field } from "../look/field";
import { Head, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { nextPage } from "../rules/name";
import { Logo } from "../shell/logo";

export function SignIn() {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const first = useQuery(hasFirst);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const spent = useRef(false);

  const enter = async (call: Promise<unknown>) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await call;
      queries.removeQueries();
      await queries.fetchQuery(me);
      await navigate({ to: nextPage(search.next), replace: true });
    } catch (thrown) {
      setFailure(thrown);
      setBusy(false);
    }
  };

  useEffect(() => {
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (!code || spent.current) return;
    spent.current = true;
    // The code leaves the address line at once: it must not stay in the history.
    history.replaceState(history.state, "", location.pathname + location.search);
    void enter(signInByCode(code));
  });
  useEffect(() => {
    if (first.data === false) void navigate({ to: "/first", replace: true });
  }, [first.data, navigate]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter(signIn({ email, password }));
  };
  return (
    <Narrow>
      <Head name="Sign in" title="Sign in to Homeport" under="With the account of this deployment." />
      {first.isPending ? <Waiting what="the sign-in" /> : (
        <form onSubmit={submit} className="grid gap-4">
          {first.error && <Trouble failure={first.error} retry={() => void first.refetch()} />}
          <Field label="Email" type="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.target.value)} />
          <Field label="Password" type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
          {failure !== undefined && <Trouble failure={failure} />}
          <Button type="submit" weight="primary" isBusy={isBusy}>Sign in</Button>
        </form>
      )}
      <details className="mt-6 border-t border-line pt-4">
        <summary className="font-medium">No password?</summary>
        <p className="mt-2 text-quiet">
          On the computer that runs this server you are signed in already: <code className="text-ink">homeport dashboard</code> opens this page with a link that works once.
          Set a password there in the settings, then it works from everywhere.
        </p>
      </details>
    </Narrow>
  );
}

export function Narrow({ children }: { children: React.ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="w-full max-w-sm">
        <Logo className="mb-4 size-10" />
        <div className="rounded-xl border border-line bg-surface p-6">{children}</div>
      </div>
    </main>
  );
}
