import { Checkbox, Input, Select } from "@fluentui/react-components";

import type { ObjectName, Schema } from "../../../api/mappings";
import { FormField } from "../../../parts/FormField";
import { AttributeField } from "./AttributeField";
import { attributesOf, namesOf } from "./attributes";
import { ExpressionBuilder } from "./ExpressionBuilder";
import { APPLY, type AttributeDraft, type MappingType, type problems as problemsOf } from "./mapping";

const TYPES: MappingType[] = ["Direct", "Constant", "Expression", "None"];
/** What one chooses from; others come from schemas that were imported, and are kept. */
const USUAL = ["Always", "ObjectAddOnly"];

interface Props {
  draft: AttributeDraft;
  problems: ReturnType<typeof problemsOf>;
  object: ObjectName;
  directories: Schema;
  readOnly: boolean;
  onChange: (change: Partial<AttributeDraft>) => void;
}

/** The fields of an attribute mapping, as Entra has them. */
export function AttributeForm({ draft, problems, object, directories, readOnly, onChange }: Props) {
  const sources = namesOf(attributesOf(directories, "source", object).map((it) => ({ ...it, mutability: undefined })));
  const told = (problem: string | undefined) => ({ validationState: problem ? "error" : "none", validationMessage: problem }) as const;
  return (
    <>
      <FormField label="Mapping type">
        <Select disabled={readOnly} value={draft.type} onChange={(_, { value }) => onChange({ type: value as MappingType })}>
          {TYPES.map((type) => <option key={type} value={type}>{type}</option>)}
        </Select>
      </FormField>
      {draft.type === "Direct" && (
        <AttributeField label="Source attribute" problem={problems.attribute} names={sources} value={draft.attribute} readOnly={readOnly} onChange={(attribute) => onChange({ attribute })} />
      )}
      {draft.type === "Constant" && (
        <FormField label="Constant Value" required {...told(problems.constant)}>
          <Input readOnly={readOnly} value={draft.constant} onChange={(_, { value }) => onChange({ constant: value })} />
        </FormField>
      )}
      {draft.type === "Expression" && (
        <ExpressionBuilder expression={draft.expression} problem={problems.expression} attributes={sources} object={object} readOnly={readOnly} onChange={(expression) => onChange({ expression })} />
      )}
      <FormField label="Default value if null (optional)" hint="Written only while an account is created." {...told(problems.defaultValue)}>
        <Input readOnly={readOnly} value={draft.defaultValue} onChange={(_, { value }) => onChange({ defaultValue: value })} />
      </FormField>
      <AttributeField
        label="Target attribute"
        hint={'A path of SCIM, such as name.givenName or emails[type eq "work"].value.'}
        problem={problems.target}
        names={namesOf(attributesOf(directories, "target", object))}
        value={draft.target}
        readOnly={readOnly}
        onChange={(target) => onChange({ target })}
      />
      <FormField label="Match objects using this attribute" hint="Accounts that are there already are found by these, one after the other; their order is set in the table.">
        <Select disabled={readOnly} value={draft.matches ? "Yes" : "No"} onChange={(_, { value }) => onChange({ matches: value === "Yes" })}>
          <option>No</option>
          <option>Yes</option>
        </Select>
      </FormField>
      <FormField label="Apply this mapping">
        <Select disabled={readOnly} value={draft.apply} onChange={(_, { value }) => onChange({ apply: value })}>
          {APPLY.filter(([value]) => USUAL.includes(value) || value === draft.apply).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </Select>
      </FormField>
      <Checkbox
        disabled={readOnly}
        label="Empty the target attribute where the source has no value"
        checked={draft.flowNull}
        onChange={(_, { checked }) => onChange({ flowNull: checked === true })}
      />
    </>
  );
}
