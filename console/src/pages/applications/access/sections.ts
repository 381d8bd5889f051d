import type { ApplicationSection } from "../layout/sections";

export const accessSections: ApplicationSection[] = [{ label: "Users and groups", path: "users", withoutJob: true }];
