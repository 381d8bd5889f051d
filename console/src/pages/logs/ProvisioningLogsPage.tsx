import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { PageHeader } from "../../parts/PageHeader";
import { LogView } from "./LogView";
import type { LogSearch } from "./search";

/** What provisioning did, in every application. */
export function ProvisioningLogsPage() {
  const search = useSearch({ from: "/shell/provisioning-logs" });
  const navigate = useNavigate({ from: "/provisioning-logs" });
  const change = useCallback((changed: Partial<LogSearch>) => void navigate({ search: (now) => ({ ...now, ...changed }), replace: true }), [navigate]);
  return (
    <>
      <PageHeader title="Provisioning logs" />
      <LogView search={search} onChange={change} />
    </>
  );
}
