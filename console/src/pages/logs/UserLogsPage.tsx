import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { userQuery } from "../../api/users";
import { PageHeader } from "../../parts/PageHeader";
import { LogView } from "./LogView";
import type { LogSearch } from "./search";

/** What provisioning did for a user. */
export function UserLogsPage() {
  const { id } = useParams({ from: "/shell/users/$id/provisioning-logs" });
  const search = useSearch({ from: "/shell/users/$id/provisioning-logs" });
  const navigate = useNavigate({ from: "/users/$id/provisioning-logs" });
  // Also of somebody who was deleted for good there are entries.
  const { data: user } = useQuery({ ...userQuery(id), retry: false });
  const name = user?.displayName ?? user?.userPrincipalName ?? id;
  const change = useCallback((changed: Partial<LogSearch>) => void navigate({ search: (now) => ({ ...now, ...changed }), replace: true }), [navigate]);
  return (
    <>
      <PageHeader title={`${name} | Provisioning logs`} above={[{ label: "Users", to: "/users" }, { label: name, to: `/users/${id}` }]} />
      <LogView search={search} of={{ source: id }} onChange={change} />
    </>
  );
}
