import { Button, makeStyles, MessageBar, MessageBarBody, Spinner, Text, tokens } from "@fluentui/react-components";
import { DocumentSearch20Regular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Candidate } from "../../../api/applications";
import { planQuery } from "../../../api/plans";
import { ErrorBar } from "../../../parts/ErrorBar";
import { ObjectPicker } from "../../../parts/ObjectPicker";
import { PageBody } from "../../../parts/PageBody";
import { Permitted } from "../../../parts/Permitted";
import { useJob } from "../layout/application";
import { Planned } from "./Planned";

const useStyles = makeStyles({
  page: { display: "flex", flexDirection: "column", flexGrow: 1, minHeight: 0 },
  ask: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalL },
});

/** What the next cycle would do, before it does. */
export function PlanPage() {
  const styles = useStyles();
  const job = useJob();
  const [somebody, setSomebody] = useState<Candidate>();
  const [asked, setAsked] = useState<{ id: string; type: "User" | "Group" } | "everything">();
  const selected = asked === "everything" ? undefined : asked;
  const plan = useQuery({ ...planQuery(job.id, selected), enabled: asked !== undefined });
  const making = plan.isFetching;
  const ask = () => {
    const next = somebody ? { id: somebody.id, type: somebody.type } : ("everything" as const);
    const again = asked !== undefined && (asked === next || (asked !== "everything" && next !== "everything" && asked.id === next.id));
    if (again) void plan.refetch();
    else setAsked(next);
  };
  return (
    <div className={styles.page}>
      <PageBody>
        <Permitted area="applications">
          <Text>A plan says what the next cycle would do, and nothing is written: neither here nor in the application, which is only read.</Text>
          <div className={styles.ask}>
            <ObjectPicker label="For one user or group only (optional)" groups chosen={somebody} onChoose={setSomebody} />
            <Button appearance="primary" icon={<DocumentSearch20Regular />} disabledFocusable={making} onClick={() => !making && ask()}>
              {plan.data ? "Plan again" : "Make a plan"}
            </Button>
          </div>
          {making && <Spinner label="Looking at what would change. A large directory takes minutes." style={{ justifySelf: "start" }} />}
          {!making && <ErrorBar error={plan.error} />}
          {!making && plan.data?.error && (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>{`The cycle would end early: ${plan.data.error.reason} ${plan.data.error.recommendedAction}`}</MessageBarBody>
            </MessageBar>
          )}
        </Permitted>
      </PageBody>
      {!making && plan.data && <Planned key={plan.dataUpdatedAt} plan={plan.data} />}
    </div>
  );
}
