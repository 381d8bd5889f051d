import { Badge } from "@fluentui/react-components";

import type { Job } from "../../api/jobs";
import { healthOf } from "./health";

/** Where a job stands. */
export function HealthBadge({ job }: { job: Pick<Job, "status" | "lastCycle"> | null | undefined }) {
  const { word, color } = healthOf(job);
  return <Badge appearance="tint" color={color}>{word}</Badge>;
}
