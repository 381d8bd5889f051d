import type { NavigationLink } from "../../shell/navigation";

export const applicationLinks: NavigationLink[] = [];
