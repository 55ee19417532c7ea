// Tokens of the person who is signed in. The secret half exists only in the answer that makes one.
import { queryOptions } from "@tanstack/react-query";
import { server } from "../transport/transport";
import type { ApiKey, KeyCreated } from "../wire/rest";
import { keys } from "./queries";

export const tokens = queryOptions({
  queryKey: keys.tokens,
  queryFn: ({ signal }) => server.call<ApiKey[]>("GET", "/users/me/keys/tokens", undefined, signal),
});

const DAY_NS = 86_400 * 1_000_000_000;

export const createToken = (token_name: string, days: number) =>
  server.call<KeyCreated>("POST", "/users/me/keys/tokens", { token_name, scope: "all", lifetime: days * DAY_NS });

export const revokeToken = (id: string) => server.call("DELETE", `/users/me/keys/${encodeURIComponent(id)}`);
