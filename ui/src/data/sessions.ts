// The sessions of the person who is signed in. Not tokens, which have names.
import { queryOptions } from "@tanstack/react-query";
import { server } from "../transport/transport";
import type { Session } from "../wire/rest";
import { keys } from "./queries";

export const sessions = queryOptions({
  queryKey: keys.sessions,
  queryFn: ({ signal }) => server.call<Session[]>("GET", "/homeport/sessions", undefined, signal),
});

export const endSession = (id: string) => server.call("DELETE", `/users/me/keys/${encodeURIComponent(id)}`);
