import type { NavigationLink } from "../../shell/navigation";

export const auditLinks: NavigationLink[] = [];
