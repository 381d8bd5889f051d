import { Button, Card, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Text, tokens } from "@fluentui/react-components";
import { ArrowClockwise20Regular, PersonArrowRight20Regular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Candidate } from "../../../api/applications";
import type { Entry } from "../../../api/log";
import { provision } from "../../../api/plans";
import { Differences } from "../../../parts/Differences";
import { ErrorBar } from "../../../parts/ErrorBar";
import { ObjectPicker } from "../../../parts/ObjectPicker";
import { PageBody } from "../../../parts/PageBody";
import { Permitted } from "../../../parts/Permitted";
import { Stages } from "../../logs/Stages";
import { Status } from "../../logs/Status";
import { colorOf, nameOf, word } from "../../logs/words";
import { useJobOf } from "../mappings/use";

const useStyles = makeStyles({
  ask: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalL },
  head: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
});

const INTENTS = { success: "success", danger: "error", warning: "warning", informative: "info" } as const;

/** Provisions one user or group now, and shows every step of it. */
export function DemandPage() {
  const styles = useStyles();
  const { application, job } = useJobOf();
  const queries = useQueryClient();
  const [somebody, setSomebody] = useState<Candidate>();
  const provisioning = useMutation({
    mutationFn: (object: Candidate) => provision(application, job, object),
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: ["log"] }), queries.invalidateQueries({ queryKey: ["jobs"] })]),
  });
  const { data, isPending, variables } = provisioning;
  return (
    <PageBody>
      <Permitted area="applications">
        <Text>Provisions a user or a group right away, whether or not the job is started, and tells each step. What is written in the application is written.</Text>
        <div className={styles.ask}>
          <ObjectPicker
            label="Select a user or group"
            groups
            chosen={somebody}
            onChoose={(object) => {
              setSomebody(object);
              provisioning.reset();
            }}
          />
          <Button
            appearance="primary"
            icon={data ? <ArrowClockwise20Regular /> : <PersonArrowRight20Regular />}
            disabledFocusable={!somebody || isPending}
            onClick={() => somebody && !isPending && provisioning.mutate(somebody)}
          >
            {data ? "Retry" : "Provision"}
          </Button>
        </div>
        {isPending && <Spinner label={`Provisioning ${variables.name}`} style={{ justifySelf: "start" }} />}
        <ErrorBar error={provisioning.error} />
        {data?.map((entry) => <Result key={entry.id} entry={entry} />)}
        {data?.length === 0 && <Text role="status">There was nothing to do.</Text>}
      </Permitted>
    </PageBody>
  );
}

function Result({ entry }: { entry: Entry }) {
  const styles = useStyles();
  const { status, errorInformation } = entry.provisioningStatusInfo ?? {};
  const modified = entry.modifiedProperties ?? [];
  return (
    <Card role="region" aria-label={nameOf(entry)}>
      <div className={styles.head}>
        <Text as="h2" weight="semibold" size={400}>{nameOf(entry)}</Text>
        <Status of={status} />
        <Text>{entry.provisioningAction === "other" ? "No change" : word(entry.provisioningAction)}</Text>
      </div>
      {errorInformation && (
        <MessageBar intent={INTENTS[colorOf(status)]} layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{errorInformation.reason}</MessageBarTitle>
            {errorInformation.recommendedAction}
          </MessageBarBody>
        </MessageBar>
      )}
      <Stages steps={entry.provisioningSteps ?? []} type={entry.sourceIdentity?.identityType} />
      <Text as="h3" weight="semibold">Modified attributes</Text>
      {modified.length > 0
        ? <Differences label="Modified attributes" of={modified.map(({ displayName, oldValue, newValue }) => ({ name: displayName ?? "", before: oldValue, after: newValue }))} />
        : <Text>Nothing was changed in the target.</Text>}
    </Card>
  );
}
