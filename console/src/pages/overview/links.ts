import type { NavigationLink } from "../../shell/navigation";

export const overviewLinks: NavigationLink[] = [];
