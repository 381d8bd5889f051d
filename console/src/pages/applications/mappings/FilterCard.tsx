import { Button, Card, Field, Input, makeStyles, Select, tokens, Tooltip } from "@fluentui/react-components";
import { Add20Regular, Delete20Regular } from "@fluentui/react-icons";

import type { FilterOperator } from "../../../api/mappings";
import { AttributeField } from "./AttributeField";
import { type Clause, NEW_CLAUSE, replaced, type ScopingFilter, takesValue } from "./scoping";

const useStyles = makeStyles({
  head: { display: "flex", alignItems: "end", gap: tokens.spacingHorizontalM },
  name: { flexGrow: 1, maxWidth: "420px" },
  clause: {
    display: "grid",
    gridTemplateColumns: "minmax(0, 3fr) minmax(240px, 2fr) minmax(0, 3fr) auto",
    alignItems: "end",
    gap: tokens.spacingHorizontalM,
    "@media (max-width: 720px)": { gridTemplateColumns: "minmax(0, 1fr) auto" },
  },
  field: { minWidth: 0, "@media (max-width: 720px)": { gridColumn: "1 / -1" } },
  value: { minWidth: 0 },
});

interface Props {
  filter: ScopingFilter;
  number: number;
  names: string[];
  operators: FilterOperator[];
  writable: boolean;
  onChange: (filter: ScopingFilter) => void;
  onDelete: () => void;
}

/** A scoping filter: its clauses, all of which have to hold. */
export function FilterCard({ filter, number, names, operators, writable, onChange, onDelete }: Props) {
  const styles = useStyles();
  const { name, clauses } = filter;
  const change = (changed: Clause[]) => onChange({ ...filter, clauses: changed });
  return (
    <Card role="group" aria-label={name || `Filter ${number}`}>
      <div className={styles.head}>
        <Field label="Scoping Filter Title" className={styles.name}>
          <Input readOnly={!writable} value={name} onChange={(_, { value }) => onChange({ ...filter, name: value })} />
        </Field>
        {writable && <Remove label={`Delete ${name || `filter ${number}`}`} onClick={onDelete} />}
      </div>
      {clauses.map((clause, at) => (
        <div key={at} className={styles.clause} role="group" aria-label={`Clause ${at + 1}`}>
          <div className={styles.field}>
            <AttributeField label="Source attribute" names={names} value={clause.attribute} readOnly={!writable} onChange={(attribute) => change(replaced(clauses, at, { ...clause, attribute }))} />
          </div>
          <Field label="Operator" className={styles.field}>
            <Select disabled={!writable} value={clause.operator} onChange={(_, { value }) => change(replaced(clauses, at, { ...clause, operator: value }))}>
              {operators.map(({ name: operator }) => <option key={operator}>{operator}</option>)}
            </Select>
          </Field>
          <Field label="Value" className={styles.value}>
            <Input
              readOnly={!writable}
              disabled={!takesValue(operators, clause.operator)}
              value={takesValue(operators, clause.operator) ? clause.value : ""}
              onChange={(_, { value }) => change(replaced(clauses, at, { ...clause, value }))}
            />
          </Field>
          {writable && <Remove label={`Delete clause ${at + 1}`} disabled={clauses.length === 1} onClick={() => change(replaced(clauses, at))} />}
        </div>
      ))}
      {writable && <div><Button icon={<Add20Regular />} onClick={() => change([...clauses, NEW_CLAUSE])}>Add clause</Button></div>}
    </Card>
  );
}

function Remove({ label, disabled = false, onClick }: { label: string; disabled?: boolean; onClick: () => void }) {
  return (
    <Tooltip content={label} relationship="label">
      <Button appearance="subtle" icon={<Delete20Regular />} disabledFocusable={disabled} onClick={() => !disabled && onClick()} />
    </Tooltip>
  );
}
