import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, Button, makeStyles, SearchBox, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { functionsQuery } from "../../../api/mappings";
import { found, signature } from "./expression";
import { useJobOf } from "./use";

const useStyles = makeStyles({
  list: { display: "grid", gap: tokens.spacingVerticalS },
  functions: { maxHeight: "320px", overflowY: "auto", border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium },
  code: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: "anywhere" },
  panel: { display: "grid", justifyItems: "start", gap: tokens.spacingVerticalXS, paddingBottom: tokens.spacingVerticalM },
});

/** The functions that expressions can call, each with how it is written, what it does and an example. */
export function FunctionList({ onInsert }: { onInsert: (text: string) => void }) {
  const styles = useStyles();
  const functions = useQuery(functionsQuery(useJobOf()));
  const [text, setText] = useState("");
  const shown = found(functions.data ?? [], text);
  return (
    <div className={styles.list}>
      <Text weight="semibold">Functions</Text>
      <SearchBox aria-label="Search functions" placeholder="Search functions" value={text} onChange={(_, { value }) => setText(value)} />
      <Accordion collapsible className={styles.functions}>
        {shown.map((it) => (
          <AccordionItem key={it.name} value={it.name}>
            <AccordionHeader size="small" as="h3"><span className={styles.code}>{signature(it)}</span></AccordionHeader>
            <AccordionPanel className={styles.panel}>
              <Text>{it.summary}</Text>
              {it.example && <code className={styles.code}>{it.example}</code>}
              <Button size="small" onClick={() => onInsert(`${it.name}()`)}>{`Insert ${it.name}`}</Button>
            </AccordionPanel>
          </AccordionItem>
        ))}
      </Accordion>
      {functions.data && shown.length === 0 && <Text>{`No function is found by "${text}".`}</Text>}
    </div>
  );
}
