// Waiting for a build to end, by following its log: the stream closes when the build is over.
import { Failure } from "../transport/failure";
import { server } from "../transport/transport";
import type { Build } from "../wire/rest";

export async function waitForBuild(id: string): Promise<void> {
  await new Promise<void>((resolve) => {
    server.open(`/workspacebuilds/${id}/logs?follow&after=0`, { closed: () => resolve() });
  });
  const build = await server.call<Build>("GET", `/workspacebuilds/${id}`);
  if (build.job.status !== "succeeded") {
    throw new Failure("conflict", "The workspace did not stop.", "Look at the log of the build, then start it by hand.", 0, build.job.error ?? "");
  }
}
