import type { NavigationLink } from "../../shell/navigation";

export const administratorLinks: NavigationLink[] = [{ label: "Administrators", to: "/administrators", area: "administrators" }];
