import type { ApplicationSection } from "../layout/sections";

export const mappingSections: ApplicationSection[] = [];
