import type { NavigationLink } from "../../shell/navigation";

export const groupLinks: NavigationLink[] = [];
