import type { ApplicationSection } from "../layout/sections";

export const planSections: ApplicationSection[] = [];
