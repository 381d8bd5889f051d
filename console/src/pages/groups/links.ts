import type { NavigationLink } from "../../shell/navigation";

export const groupLinks: NavigationLink[] = [{ label: "Groups", to: "/groups", area: "directory" }];
