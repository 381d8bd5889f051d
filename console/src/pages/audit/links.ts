import type { NavigationLink } from "../../shell/navigation";

export const auditLinks: NavigationLink[] = [{ label: "Audit log", to: "/audit", area: ["logs", "installationLogs"] }];
