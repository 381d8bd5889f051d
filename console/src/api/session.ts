import { queryOptions } from "@tanstack/react-query";

import { answer, api, wire } from "./client";
import { ApiError } from "./errors";
import type { Session } from "./schema";

export type { Session };

async function read(signal: AbortSignal): Promise<Session | null> {
  try {
    return kept(await answer(api.GET("/provost/v1/session", { signal })));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

function kept(session: Session): Session {
  wire.csrfToken = session.csrfToken ?? undefined;
  return session;
}

/** Who is signed in; null where nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => read(signal),
  staleTime: 5 * 60_000,
});

export async function signIn(signInName: string, password: string): Promise<Session> {
  return kept(await answer(api.POST("/provost/v1/session", { body: { signInName, password } })));
}

export async function signOut(everywhere = false): Promise<void> {
  await answer(api.DELETE("/provost/v1/session", { params: { query: { everywhere } } }));
  wire.csrfToken = undefined;
}

/** Whether nobody can sign in yet, as the first administrator is still to be made. */
export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: async ({ signal }) => (await answer(api.GET("/provost/v1/setup", { signal }))).needsAdministrator,
});

export async function changePassword(currentPassword: string, newPassword: string): Promise<Session> {
  return kept(await answer(api.POST("/provost/v1/session/password", { body: { currentPassword, newPassword } })));
}

export { type Area, logsOf, may, ownTenants } from "./roles";
