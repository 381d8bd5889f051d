import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { LogView } from "../../logs/LogView";
import type { LogSearch } from "../../logs/search";
import { useApplication } from "../layout/application";

/** What provisioning did in one application. */
export function ApplicationLogsPage() {
  const { application } = useApplication();
  const search = useSearch({ from: "/shell/applications/$id/provisioning-logs" });
  const navigate = useNavigate({ from: "/applications/$id/provisioning-logs" });
  const change = useCallback((changed: Partial<LogSearch>) => void navigate({ search: (now) => ({ ...now, ...changed }), replace: true }), [navigate]);
  return <LogView search={search} of={{ application: application.id }} onChange={change} />;
}
