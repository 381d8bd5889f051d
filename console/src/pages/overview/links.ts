import type { NavigationLink } from "../../shell/navigation";

export const overviewLinks: NavigationLink[] = [{ label: "Overview", to: "/overview", area: "status" }];
