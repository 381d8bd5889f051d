import type { ApplicationSection } from "../layout/sections";

export const driftSections: ApplicationSection[] = [{ label: "Drift", path: "drift" }];
