import type { ApplicationSection } from "../layout/sections";

export const planSections: ApplicationSection[] = [{ label: "Plan", path: "plan" }];
