import type { NavigationLink } from "../../shell/navigation";

export const applicationLinks: NavigationLink[] = [{ label: "Enterprise applications", to: "/applications", area: "applications" }];
