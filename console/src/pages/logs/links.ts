import type { NavigationLink } from "../../shell/navigation";

export const provisioningLogLinks: NavigationLink[] = [{ label: "Provisioning logs", to: "/provisioning-logs", area: "logs" }];
