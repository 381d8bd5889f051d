import { FormField } from "../../../parts/FormField";
import { AttributeBox } from "./AttributeBox";

interface Props {
  label: string;
  hint?: string;
  problem?: string;
  names: string[];
  value: string;
  onChange: (value: string) => void;
  readOnly?: boolean;
}

/** An attribute by its name: chosen from those that are known, or typed. */
export function AttributeField({ label, hint, problem, names, value, onChange, readOnly }: Props) {
  return (
    <FormField label={label} hint={hint} required validationState={problem ? "error" : "none"} validationMessage={problem}>
      <AttributeBox names={names} value={value} disabled={readOnly} onType={onChange} onChoose={onChange} />
    </FormField>
  );
}
