import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, makeStyles, Text, tokens } from "@fluentui/react-components";

import type { Step } from "../../api/log";
import { Properties } from "../../parts/Properties";
import { Status } from "./Status";
import { details, stages } from "./words";

const useStyles = makeStyles({
  header: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalS },
  panel: { display: "grid", gap: tokens.spacingVerticalM, paddingBottom: tokens.spacingVerticalM },
  step: { display: "grid", gap: tokens.spacingVerticalS },
});

/** The four steps of an object's way, each opening to what was seen and decided in it. */
export function Stages({ steps, type }: { steps: Step[]; type: string | null | undefined }) {
  const styles = useStyles();
  const shown = stages(steps, type);
  // Where it went wrong, or else where it ended.
  const open = shown.filter(({ status }) => status && status !== "success").at(-1) ?? shown.filter(({ status }) => status).at(-1);
  return (
    <Accordion multiple collapsible defaultOpenItems={open ? [open.title] : []}>
      {shown.map((stage, at) => (
        <AccordionItem key={stage.title} value={stage.title} disabled={!stage.status}>
          <AccordionHeader as="h3">
            <span className={styles.header}>
              {`${at + 1}. ${stage.title}`}
              {stage.status ? <Status of={stage.status} /> : <Text size={200}>not come to</Text>}
            </span>
          </AccordionHeader>
          <AccordionPanel className={styles.panel}>
            {stage.steps.map((step, number) => (
              <div key={number} className={styles.step}>
                <Text>{step.description}</Text>
                <Properties of={details(step)} />
              </div>
            ))}
          </AccordionPanel>
        </AccordionItem>
      ))}
    </Accordion>
  );
}
