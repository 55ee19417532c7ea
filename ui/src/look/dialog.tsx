// Dialogs: one that shows something, one that asks before something is done. Both hold the focus and give it back.
import * as Alert from "@radix-ui/react-alert-dialog";
import * as Plain from "@radix-ui/react-dialog";
import { X } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { Button, IconButton } from "./button";
import { Trouble } from "./trouble";

const VEIL = "fixed inset-0 z-40 bg-[#000]/45";
const BOX = "fixed top-1/2 left-1/2 z-50 grid max-h-[90dvh] w-[min(32rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 gap-4 overflow-y-auto rounded-lg border border-line bg-raised p-5 shadow-2xl";

/** Gives the focus back to what had it when the dialog opened, or to the head of the page when that is gone. */
function useReturn(isOpen: boolean) {
  const before = useRef<Element>(null);
  const was = useRef(false);
  if (isOpen && !was.current) before.current = document.activeElement;
  was.current = isOpen;
  return (event: Event) => {
    event.preventDefault();
    const back = before.current?.isConnected && before.current !== document.body ? before.current : document.querySelector("h1");
    if (back instanceof HTMLElement) back.focus();
  };
}

export function Dialog({ title, under, isOpen, close, children }: { title: string; under?: string; isOpen: boolean; close: () => void; children: ReactNode }) {
  const giveBack = useReturn(isOpen);
  return (
    <Plain.Root open={isOpen} onOpenChange={(open) => !open && close()}>
      <Plain.Portal>
        <Plain.Overlay className={VEIL} />
        <Plain.Content className={BOX} onCloseAutoFocus={giveBack} {...(under ? {} : { "aria-describedby": undefined })}>
          <div className="flex items-start justify-between gap-3">
            <div>
              <Plain.Title className="text-base font-semibold">{title}</Plain.Title>
              {under && <Plain.Description className="mt-1 text-quiet">{under}</Plain.Description>}
            </div>
            <Plain.Close asChild><IconButton name="Close" icon={X} /></Plain.Close>
          </div>
          {children}
        </Plain.Content>
      </Plain.Portal>
    </Plain.Root>
  );
}

export interface Question {
  title: string;
  text: ReactNode;
  /** The word on the button that does it. */
  verb: string;
  isDangerous?: boolean;
  /** What must be typed before it can be done. */
  typed?: string;
  run: () => Promise<unknown>;
}

/** Asks, then does; a failure stays in the dialog. */
export function Confirm({ question, close }: { question: Question | undefined; close: () => void }) {
  const giveBack = useReturn(question !== undefined);
  return (
    <Alert.Root open={question !== undefined} onOpenChange={(open) => !open && close()}>
      <Alert.Portal>
        <Alert.Overlay className={VEIL} />
        <Alert.Content className={BOX} onCloseAutoFocus={giveBack}>{question && <Ask key={question.title} question={question} close={close} />}</Alert.Content>
      </Alert.Portal>
    </Alert.Root>
  );
}

function Ask({ question, close }: { question: Question; close: () => void }) {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const [typed, setTyped] = useState("");
  const run = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      await question.run();
      close();
    } catch (thrown) {
      setFailure(thrown);
      setBusy(false);
    }
  };
  return (
    <form className="grid gap-4" onSubmit={(event) => { event.preventDefault(); void run(); }}>
      <Alert.Title className="text-base font-semibold">{question.title}</Alert.Title>
      <Alert.Description asChild><div className="text-quiet">{question.text}</div></Alert.Description>
      {question.typed !== undefined && (
        <label className="grid gap-1">
          <span>Type <code className="font-semibold">{question.typed}</code> to confirm</span>
          <input className="h-8 rounded-md border border-edge bg-surface px-2" value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
        </label>
      )}
      {failure !== undefined && <Trouble failure={failure} />}
      <div className="flex justify-end gap-2">
        <Alert.Cancel asChild><Button>Cancel</Button></Alert.Cancel>
        <Button type="submit" weight={question.isDangerous ? "danger" : "primary"} isBusy={isBusy} disabled={question.typed !== undefined && typed !== question.typed}>{question.verb}</Button>
      </div>
    </form>
  );
}
