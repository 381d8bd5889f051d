import type { NavigationLink } from "../../shell/navigation";

export const providerLinks: NavigationLink[] = [];
