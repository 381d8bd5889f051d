import { Field, makeStyles, Text, Textarea, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";

import type { Candidate } from "../../../api/applications";
import { expressionQuery, type ObjectName, type ParsedExpression } from "../../../api/mappings";
import { wording } from "../../../api/errors";
import { ObjectPicker } from "../../../parts/ObjectPicker";
import { useSettled } from "../../../parts/settled";
import { AttributeBox } from "./AttributeBox";
import { inserted, type Mark, markOf } from "./expression";
import { FunctionList } from "./FunctionList";
import { useJobOf } from "./use";

const useStyles = makeStyles({
  builder: { display: "grid", gap: tokens.spacingVerticalM },
  code: { fontFamily: tokens.fontFamilyMonospace },
  wrong: { margin: 0, padding: tokens.spacingHorizontalS, overflowX: "auto", fontFamily: tokens.fontFamilyMonospace, backgroundColor: tokens.colorNeutralBackground3, borderRadius: tokens.borderRadiusMedium },
  mark: { color: tokens.colorPaletteRedForeground1, fontWeight: tokens.fontWeightBold },
  tools: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 240px), 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start" },
  result: { display: "grid", gap: tokens.spacingVerticalXS, padding: tokens.spacingHorizontalM, backgroundColor: tokens.colorNeutralBackground3, borderRadius: tokens.borderRadiusMedium, minHeight: "20px" },
  value: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: "anywhere", whiteSpace: "pre-wrap" },
});

interface Props {
  expression: string;
  problem?: string;
  attributes: string[];
  object: ObjectName;
  readOnly: boolean;
  onChange: (expression: string) => void;
}

/** Writes an expression: checked as it is typed, tried with somebody, with its functions and attributes at hand. */
export function ExpressionBuilder({ expression, problem, attributes, object, readOnly, onChange }: Props) {
  const styles = useStyles();
  const of = useJobOf();
  const text = useRef<HTMLTextAreaElement>(null);
  const [somebody, setSomebody] = useState<Candidate>();
  const settled = useSettled(expression);
  const parsed = useQuery({ ...expressionQuery(of, settled, somebody?.id), enabled: settled.trim() !== "", placeholderData: (before) => before });
  const current = settled === expression && expression.trim() !== "" && !parsed.isPlaceholderData ? parsed.data : undefined;
  const insert = (added: string) => {
    const area = text.current;
    const at: [number, number] = area ? [area.selectionStart, area.selectionEnd] : [expression.length, expression.length];
    const next = inserted(expression, at, added);
    onChange(next.text);
    requestAnimationFrame(() => {
      area?.focus();
      area?.setSelectionRange(next.caret, next.caret);
    });
  };
  return (
    <div className={styles.builder} role="group" aria-label="Expression builder">
      <Field label="Expression" required validationState={problem ? "error" : "none"} validationMessage={problem}>
        <Textarea
          ref={text}
          textarea={{ className: styles.code, spellCheck: false, rows: 4 }}
          resize="vertical"
          readOnly={readOnly}
          value={expression}
          onChange={(_, { value }) => onChange(value)}
        />
      </Field>
      <Checked parsed={current} failed={parsed.error} mark={markOf(settled, current)} />
      {!readOnly && (
        <div className={styles.tools}>
          <InsertAttribute names={attributes} onInsert={(name) => insert(`[${name}]`)} />
          <ObjectPicker label={object === "Group" ? "Try it with a user or group" : "Try it with a user"} groups={object === "Group"} chosen={somebody} onChoose={setSomebody} />
        </div>
      )}
      {somebody && <Outcome name={somebody.name} parsed={current} />}
      {!readOnly && <FunctionList onInsert={insert} />}
    </div>
  );
}

/** Whether the expression can be read; where not, which character is to blame. */
function Checked({ parsed, failed, mark }: { parsed?: ParsedExpression; failed: unknown; mark?: Mark }) {
  const styles = useStyles();
  const id = useId();
  if (failed) return <Text role="alert">{wording(failed).message}</Text>;
  const error = parsed?.error;
  return (
    <div role="status" aria-live="polite" aria-describedby={mark && id}>
      {parsed?.parsingSucceeded && !error && <Text size={200}>The expression is valid.</Text>}
      {error && (
        <>
          {mark && <pre id={id} className={styles.wrong} tabIndex={0} aria-label="Where the expression is wrong">{mark.line}{"\n"}<span className={styles.mark}>{mark.below}</span></pre>}
          <Text className={styles.mark}>{error.message}</Text>
        </>
      )}
    </div>
  );
}

/** What comes out for somebody. */
function Outcome({ name, parsed }: { name: string; parsed?: ParsedExpression }) {
  const styles = useStyles();
  const values = parsed?.evaluationResult ?? [];
  return (
    <div className={styles.result} role="status" aria-label="Result">
      <Text size={200}>{`Result for ${name}`}</Text>
      {parsed?.evaluationSucceeded
        ? values.length > 0 ? values.map((value, index) => <span key={index} className={styles.value}>{value === "" ? '""' : value}</span>) : <Text italic>no value</Text>
        : <Text italic>{parsed?.error ? "none: see the error above" : "…"}</Text>}
    </div>
  );
}

function InsertAttribute({ names, onInsert }: { names: string[]; onInsert: (name: string) => void }) {
  const [typed, setTyped] = useState("");
  return (
    <Field label="Insert attribute">
      <AttributeBox
        placeholder="Search attributes"
        names={names}
        value={typed}
        onType={setTyped}
        onChoose={(name) => {
          setTyped("");
          onInsert(name);
        }}
      />
    </Field>
  );
}
