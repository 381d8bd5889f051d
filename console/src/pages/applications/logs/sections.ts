import type { ApplicationSection } from "../layout/sections";

export const logSections: ApplicationSection[] = [];
