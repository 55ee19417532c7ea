// One build by its number: why it failed, its log, its timing.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Facts, Head, Panel, Waiting } from "../look/panel";
import { Mark } from "../look/mark";
import { Trouble } from "../look/trouble";
import { full } from "../rules/moment";
import { keys } from "../data/queries";
import { failedBuild } from "../transport/failure";
import { server } from "../transport/transport";
import type { Build } from "../wire/rest";
import { outcome } from "./build_history";
import { BuildLog } from "./build_log";

const byNumber = (owner: string, name: string, number: string) =>
  queryOptions({
    queryKey: keys.build(`${owner}/${name}/${number}`),
    queryFn: ({ signal }) => server.call<Build>("GET", `/users/${encodeURIComponent(owner)}/workspace/${encodeURIComponent(name)}/builds/${encodeURIComponent(number)}`, undefined, signal),
    refetchInterval: (asked) => (asked.state.data && asked.state.data.job.completed_at === null ? 1_500 : false),
  });

export function BuildPage() {
  const { owner = "", name = "", number = "" } = useParams({ strict: false });
  const found = useQuery(byNumber(owner, name, number));
  const back = <Link to="/@{$owner}/$name" params={{ owner, name }} search={{ part: "builds" }} className="text-accent underline">All builds of {name}</Link>;
  if (found.isPending) return <Panel><Waiting what={`build ${number}`} /></Panel>;
  const build = found.data;
  if (!build) {
    return (
      <>
        <Head name={`Build ${number}`} title={`Build ${number} of ${name}`} under={back} />
        <Trouble failure={found.error} title="The build could not be read" retry={() => void found.refetch()} />
      </>
    );
  }
  return (
    <>
      <Head name={`Build ${number} of ${name}`} title={<>Build {number} of {name} <Mark word={outcome(build)} /></>} under={back} />
      <div className="grid gap-4">
        {build.job.error && <Trouble failure={failedBuild(build.job.error)} title="The build failed" />}
        <Panel title="Facts"><Facts rows={[["Asked for by", `${build.initiator_name || "the server"} (${build.reason})`], ["Began", full(build.created_at)], ["Template version", build.template_version_name]]} /></Panel>
        <BuildLog build={build} />
      </div>
    </>
  );
}
