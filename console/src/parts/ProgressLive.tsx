import { ProgressBar } from "@fluentui/react-components";
import { useEffect, useState } from "react";

import type { Cycle } from "../api/schema";
import { CycleProgress } from "./CycleProgress";

/** Follows the cycle of a job as the server reports it, to its end. */
export function ProgressLive({ job, onEnded }: { job: string; onEnded?: () => void }) {
  const [cycle, setCycle] = useState<Cycle>();
  useEffect(() => {
    const events = new EventSource(`/provost/v1/jobs/${encodeURIComponent(job)}/progress`);
    let begun = false;
    events.onmessage = ({ data }) => {
      begun = true;
      setCycle(JSON.parse(data as string) as Cycle);
    };
    events.onerror = () => {
      // The server ends the stream with the cycle; a browser would begin anew. Where it never began, it tries again.
      if (!begun && events.readyState !== EventSource.CLOSED) return;
      events.close();
      onEnded?.();
    };
    return () => events.close();
  }, [job, onEnded]);
  return cycle ? <CycleProgress cycle={cycle} /> : <ProgressBar aria-label="Waiting for the cycle" />;
}
