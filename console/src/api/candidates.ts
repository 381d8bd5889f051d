import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, api } from "./client";
import { searchFor } from "./odata";

export type CandidateKind = "users" | "groups" | "both";

/** Somebody who may be picked. */
export interface Candidate {
  id: string;
  name: string;
  about: string;
  group: boolean;
}

const FEW = 20;

/** The first users or groups that a text is found in. */
export function candidatesQuery(of: CandidateKind, search: string) {
  return queryOptions({
    queryKey: ["candidates", of, search],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Candidate[]> => {
      const query = { $search: searchFor(search), $top: FEW, $orderby: "displayName" };
      const users = of === "groups" ? [] : (await answer(api.GET("/v1.0/users", { params: { query }, signal }))).value;
      const groups = of === "users" ? [] : (await answer(api.GET("/v1.0/groups", { params: { query }, signal }))).value;
      return [
        ...groups.map(({ id, displayName, description }) => ({ id, name: displayName ?? id, about: description ? `Group, ${description}` : "Group", group: true })),
        ...users.map(({ id, displayName, userPrincipalName }) => ({ id, name: displayName ?? userPrincipalName ?? id, about: userPrincipalName ?? "", group: false })),
      ];
    },
  });
}
