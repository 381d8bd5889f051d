import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, Button, MessageBar, MessageBarBody, MessageBarTitle, TableCell, TableRow, Text } from "@fluentui/react-components";
import { useState } from "react";

import type { ImportReport } from "../../api/imports";
import { Differences } from "../../parts/Differences";
import { Facts } from "../../parts/Facts";
import { count } from "../../parts/format";
import { SmallTable } from "../../parts/SmallTable";
import { differencesOf, summary, titleOf } from "./preview";

const SOME = 50;

/** What an import did or would do: numbers, each change, who leaves, and what is wrong with rows. */
export function ImportReportView({ report }: { report: ImportReport }) {
  const [shown, setShown] = useState(SOME);
  const { changes = [], leavers = [], errors, ignoredColumns, held, failed } = report;
  return (
    <>
      {!!held && (
        <MessageBar intent="warning" layout="multiline" role="alert">
          <MessageBarBody>
            <MessageBarTitle>{`${count(held)} users are not in the file, and stay`}</MessageBarTitle>
            {failed > 0 ? "A row that could not be read may be the one of somebody who seems to be missing: correct the rows below." : "That is more than the guard lets go at once. If the file is right, enter the number above, and preview again."}
          </MessageBarBody>
        </MessageBar>
      )}
      <Facts of={summary(report)} />
      {ignoredColumns.length > 0 && <Text>{`Columns that mean nothing here: ${ignoredColumns.join(", ")}`}</Text>}
      {errors.length > 0 && (
        <SmallTable label="Rows with an error" columns={[{ name: "Line", width: "15%" }, { name: "Column", width: "25%" }, "Reason"]} least={440}>
          {errors.slice(0, shown).map(({ line, column, reason }) => (
            <TableRow key={`${line} ${column}`}><TableCell>{line}</TableCell><TableCell>{column}</TableCell><TableCell>{reason}</TableCell></TableRow>
          ))}
        </SmallTable>
      )}
      {(leavers?.length ?? 0) > 0 && (
        <Accordion collapsible>
          <AccordionItem value="leavers">
            <AccordionHeader as="h3">{`Leaving: ${count(report.deleted || held || 0)}`}</AccordionHeader>
            <AccordionPanel>{leavers?.join(", ")}</AccordionPanel>
          </AccordionItem>
        </Accordion>
      )}
      {(changes?.length ?? 0) > 0 && (
        <Accordion collapsible multiple>
          {changes?.slice(0, shown).map((change, index) => (
            <AccordionItem key={index} value={index}>
              <AccordionHeader as="h3">{titleOf(change)}</AccordionHeader>
              <AccordionPanel><Differences label={titleOf(change)} of={differencesOf(change)} /></AccordionPanel>
            </AccordionItem>
          ))}
        </Accordion>
      )}
      {Math.max(changes?.length ?? 0, errors.length) > shown && <div><Button onClick={() => setShown(shown + 10 * SOME)}>Show more</Button></div>}
      {(changes?.length ?? 0) === 1000 && <Text>The first 1,000 changes are shown.</Text>}
    </>
  );
}
