import type { NavigationLink } from "../../shell/navigation";

export const providerLinks: NavigationLink[] = [{ label: "SCIM", to: "/connectors/scim", area: ["tenant", "tenantLogs"] }];
