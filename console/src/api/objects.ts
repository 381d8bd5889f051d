import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "./client";
import { searchFor } from "./odata";

/** A user or group as far as it is chosen. */
export interface DirectoryObject {
  id: string;
  name: string;
  /** What tells it from others of its name. */
  detail?: string;
  type: "User" | "Group";
}

const FOUND = 8;

/** The first users and groups, or only users, that a text is found in. */
export function objectsQuery(search: string, groupsToo: boolean) {
  return queryOptions({
    queryKey: ["users", "found", { search, groupsToo }],
    queryFn: async ({ signal }): Promise<DirectoryObject[]> => {
      const query = { $top: FOUND, $search: searchFor(search) };
      const users = answer(api.GET("/v1.0/users", { params: { query: { ...query, $select: "id,displayName,userPrincipalName" } }, signal }));
      const groups = groupsToo ? answer(api.GET("/v1.0/groups", { params: { query: { ...query, $select: "id,displayName,description" } }, signal })) : undefined;
      return [
        ...(await users).value.map(({ id, displayName, userPrincipalName }): DirectoryObject => ({
          id, name: displayName ?? userPrincipalName ?? id, detail: userPrincipalName ?? undefined, type: "User",
        })),
        ...((await groups)?.value ?? []).map(({ id, displayName, description }): DirectoryObject => ({
          id, name: displayName ?? id, detail: description ?? undefined, type: "Group",
        })),
      ];
    },
  });
}
