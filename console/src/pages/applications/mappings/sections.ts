import type { ApplicationSection } from "../layout/sections";

export const mappingSections: ApplicationSection[] = [
  { label: "Mappings", path: "mappings" },
  { label: "Scoping filters", path: "scoping" },
];
