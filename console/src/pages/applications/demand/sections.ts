import type { ApplicationSection } from "../layout/sections";

export const demandSections: ApplicationSection[] = [{ label: "Provision on demand", path: "provision-on-demand" }];
