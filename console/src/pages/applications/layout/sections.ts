import { accessSections } from "../access/sections";
import { demandSections } from "../demand/sections";
import { driftSections } from "../drift/sections";
import { logSections } from "../logs/sections";
import { mappingSections } from "../mappings/sections";
import { planSections } from "../plan/sections";
import { provisioningSections } from "../provisioning/sections";

/** An entry of an application's navigation. */
export interface ApplicationSection {
  label: string;
  /** The path below the application's. */
  path: string;
  /** Whether there is something to see before provisioning is set up. */
  withoutJob?: boolean;
}

/** The pages of an application, in the order of its navigation. Each folder names its own. */
export const SECTIONS: ApplicationSection[] = [
  { label: "Overview", path: "", withoutJob: true },
  ...accessSections,
  ...provisioningSections,
  ...mappingSections,
  ...planSections,
  ...demandSections,
  ...logSections,
  ...driftSections,
];
