import type { ApplicationSection } from "../layout/sections";

export const demandSections: ApplicationSection[] = [];
