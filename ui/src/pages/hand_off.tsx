// The page to which a program of this computer sent its person: a click signs that program in. It goes back to the program
// on this computer and nowhere else.
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { handOffCode, me } from "../data/account";
import { Button } from "../look/button";
import { Head, Panel } from "../look/panel";
import { Trouble } from "../look/trouble";
import { handOffOf, wayBack } from "../rules/hand_off";
import { asFailure } from "../transport/failure";

export function HandOff() {
  const asked = handOffOf(useSearch({ strict: false }));
  const account = useQuery(me);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  if (asked === undefined) {
    return (
      <div className="mx-auto max-w-lg">
        <Head name="Sign in a program" title="This link is not complete" under="Start the sign-in again from the program that sent you here." />
      </div>
    );
  }
  const agree = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      const { code } = await handOffCode(asked.challenge);
      location.replace(wayBack(asked, { code }));
    } catch (thrown) {
      setBusy(false);
      // The gate around every page leads to the sign-in, and back to this question.
      if (asFailure(thrown).kind === "signed-out") return void account.refetch();
      setFailure(thrown);
    }
  };
  return (
    <div className="mx-auto max-w-lg">
      <Head name="Sign in a program" title={`Sign in Homeport on this computer as ${account.data?.username ?? "you"}?`} under={`At ${location.host}. The program may then do everything that you may.`} />
      <Panel>
        <p>Say yes only when you started this yourself just now, and the program shows the same four letters:</p>
        <p className="my-3 text-center font-mono text-2xl tracking-widest" aria-label={`The letters ${asked.word.split("").join(" ")}`}>{asked.word}</p>
        {failure !== undefined && <Trouble failure={failure} />}
        <div className="mt-4 flex justify-end gap-2">
          <Button onClick={() => location.replace(wayBack(asked, { refused: "1" }))}>No</Button>
          <Button weight="primary" isBusy={isBusy} onClick={() => void agree()}>Sign in</Button>
        </div>
      </Panel>
    </div>
  );
}
