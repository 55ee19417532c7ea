// Who is signed in, and signing in and out.
import { queryOptions } from "@tanstack/react-query";
import { server } from "../transport/transport";
import { asFailure } from "../transport/failure";
import type { CreateFirstUser, CreateUser, GitSshKey, Login, UpdatePassword, User, UserList } from "../wire/rest";
import { keys } from "./queries";

export const me = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => server.call<User>("GET", "/users/me", undefined, signal),
  staleTime: 60_000,
});

/** Whether the deployment has an account yet. */
export const hasFirst = queryOptions({
  queryKey: keys.first,
  queryFn: async ({ signal }) => {
    try {
      await server.call("GET", "/users/first", undefined, signal);
      return true;
    } catch (thrown) {
      if (asFailure(thrown).kind === "missing") return false;
      throw thrown;
    }
  },
});

export const sshKey = queryOptions({
  queryKey: keys.sshKey,
  queryFn: ({ signal }) => server.call<GitSshKey>("GET", "/users/me/gitsshkey", undefined, signal),
});

export const users = queryOptions({
  queryKey: keys.users,
  queryFn: ({ signal }) => server.call<UserList>("GET", "/users", undefined, signal),
});

export const signIn = (login: Login) => server.call("POST", "/users/login", login);
export const signInByCode = (code: string) => server.call("POST", "/homeport/sign-in", { code });
/** A one-use code for the program that made the challenge. */
export const handOffCode = (challenge: string) => server.call<{ code: string }>("POST", "/homeport/hand-off-codes", { challenge });
export const signOut = () => server.call("POST", "/users/logout");
export const createFirst = (account: CreateFirstUser) => server.call("POST", "/users/first", account);
export const changePassword = (wanted: UpdatePassword) => server.call("PUT", "/users/me/password", wanted);

/** What the owner may do about other accounts. */
export const createUser = (account: CreateUser) => server.call<User>("POST", "/users", account);
export const setSuspended = (user: User, is: boolean) => server.call("PUT", `/users/${user.id}/status/${is ? "suspend" : "activate"}`);
