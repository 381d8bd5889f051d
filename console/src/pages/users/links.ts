import type { NavigationLink } from "../../shell/navigation";

export const userLinks: NavigationLink[] = [{ label: "Users", to: "/users", area: "directory" }];
