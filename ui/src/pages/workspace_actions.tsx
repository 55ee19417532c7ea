// The buttons of one workspace. What ends programs or removes things asks before.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Ban, CircleArrowUp, Ellipsis, Play, RotateCw, Square, SquareTerminal, Star, Trash2, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { cancel } from "../data/builds";
import { restarts } from "../data/restart";
import { changed, favorite, order } from "../data/workspaces";
import { announce } from "../look/announce";
import { Button, ButtonLink, IconButton } from "../look/button";
import { Confirm, type Question } from "../look/dialog";
import { Menu } from "../look/menu";
import { pathOf } from "../rules/name";
import { actions, type Action } from "../rules/status";
import { asFailure } from "../transport/failure";
import type { Workspace } from "../wire/rest";

const LOOKS: Record<Action, { name: string; icon: LucideIcon }> = {
  start: { name: "Start", icon: Play },
  stop: { name: "Stop", icon: Square },
  restart: { name: "Restart", icon: RotateCw },
  update: { name: "Update", icon: CircleArrowUp },
  cancel: { name: "Cancel", icon: Ban },
  delete: { name: "Delete", icon: Trash2 },
};

/** What a person must know about a restart: the server knows none, this browser orders both halves. */
const TWICE = "It is stopped, then started again; keep this window open until then.";

export function Actions({ one }: { one: Workspace }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [question, setQuestion] = useState<Question>();
  const able = actions(one);
  const isRunning = one.latest_build.status === "running";

  const go = async (work: Promise<unknown>, said: string) => {
    await work;
    announce(said);
    await changed(queries);
  };
  const quickly = (work: Promise<unknown>, said: string) => void go(work, said).catch((thrown: unknown) => announce(asFailure(thrown).message));
  const run = (action: Action) => {
    const { name } = one;
    const ending = "Programs that run there end.";
    switch (action) {
      case "start": return quickly(order(one, "start"), `Starting ${name}.`);
      case "cancel": return setQuestion({ title: "Cancel this build?", text: "What it made so far may be left half done.", verb: "Cancel the build", isDangerous: true, run: () => go(cancel(one.latest_build.id), "The build is being canceled.") });
      case "stop": return setQuestion({ title: `Stop ${name}?`, text: ending, verb: "Stop", run: () => go(order(one, "stop"), `Stopping ${name}.`) });
      case "restart": return setQuestion({ title: `Restart ${name}?`, text: `${ending} ${TWICE}`, verb: "Restart", run: () => go(restarts.restart(one), `Restarting ${name}.`) });
      case "update": return setQuestion({ title: `Update ${name}?`, text: `It starts with the newest version of ${one.template_display_name || one.template_name}. ${isRunning ? `${ending} ${TWICE}` : ""}`, verb: "Update", run: () => go(isRunning ? restarts.restart(one, one.template_active_version_id) : order(one, "start", one.template_active_version_id), `Updating ${name}.`) });
      case "delete": return setQuestion({
        title: `Delete ${name}?`, text: "Its resources are removed. This cannot be undone.", verb: "Delete", isDangerous: true, typed: name,
        run: async () => {
          await go(order(one, "delete"), `Deleting ${name}.`);
          await navigate({ to: "/workspaces" });
        },
      });
    }
  };
  const [first, ...others] = able;
  return (
    <>
      {isRunning && <ButtonLink to="/@{$owner}/$name/terminal" params={pathOf(one)} icon={SquareTerminal}><span className="max-sm:sr-only">Terminal</span></ButtonLink>}
      {first && first !== "delete" && <Button weight={first === "start" ? "primary" : "plain"} icon={LOOKS[first].icon} onClick={() => run(first)}>{LOOKS[first].name}</Button>}
      {able.includes("update") && <Button icon={LOOKS.update.icon} onClick={() => run("update")}>Update</Button>}
      <Menu
        button={<IconButton name={`More actions for ${one.name}`} icon={Ellipsis} />}
        items={[
          { name: one.favorite ? "Take from the favourites" : "Make a favourite", icon: Star, run: () => quickly(favorite(one, !one.favorite), "Favourites changed.") },
          ...(first === "delete" ? able : others).filter((action) => action !== "update").map((action) => ({ name: LOOKS[action].name, icon: LOOKS[action].icon, isDangerous: action === "delete", run: () => run(action) })),
        ]}
      />
      <Confirm question={question} close={() => setQuestion(undefined)} />
    </>
  );
}
