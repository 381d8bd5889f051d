import type { ApplicationSection } from "../layout/sections";

export const logSections: ApplicationSection[] = [{ label: "Provisioning logs", path: "provisioning-logs" }];
