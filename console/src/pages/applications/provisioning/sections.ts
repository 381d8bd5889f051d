import type { ApplicationSection } from "../layout/sections";

export const provisioningSections: ApplicationSection[] = [{ label: "Provisioning", path: "provisioning", withoutJob: true }];
