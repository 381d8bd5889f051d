import { Combobox, Option } from "@fluentui/react-components";
import { useState } from "react";

import { FormField } from "../../../parts/FormField";
import { suggestions } from "./attributes";

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
  const [typed, setTyped] = useState(false);
  const shown = typed ? suggestions(names, value) : names;
  return (
    <FormField label={label} hint={hint} required validationState={problem ? "error" : "none"} validationMessage={problem}>
      <Combobox
        freeform
        disabled={readOnly}
        value={value}
        selectedOptions={[value]}
        onOpenChange={(_, { open }) => !open && setTyped(false)}
        onChange={({ target }) => {
          setTyped(true);
          onChange(target.value);
        }}
        onOptionSelect={(_, { optionValue }) => optionValue !== undefined && onChange(optionValue)}
      >
        {shown.map((name) => <Option key={name} value={name}>{name}</Option>)}
      </Combobox>
    </FormField>
  );
}
