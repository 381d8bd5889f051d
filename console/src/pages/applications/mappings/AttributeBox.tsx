import { Combobox, type ComboboxProps, Option } from "@fluentui/react-components";
import { useState } from "react";

import { suggestions } from "./attributes";

interface Props extends Pick<ComboboxProps, "placeholder" | "disabled"> {
  names: string[];
  value: string;
  onType: (text: string) => void;
  onChoose: (name: string) => void;
}

/** The name of an attribute, typed or chosen from those that are known. Within a field, which names it. */
export function AttributeBox({ names, value, onType, onChoose, ...rest }: Props) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState(false);
  const shown = typed ? suggestions(names, value) : names;
  return (
    <Combobox
      {...rest}
      freeform
      value={value}
      selectedOptions={value ? [value] : []}
      open={open}
      onOpenChange={(_, next) => {
        setOpen(next.open);
        if (!next.open) setTyped(false);
      }}
      onChange={({ target }) => {
        setTyped(true);
        // Also for what is pasted.
        setOpen(true);
        onType(target.value);
      }}
      onOptionSelect={(_, { optionValue }) => optionValue !== undefined && onChoose(optionValue)}
    >
      {shown.map((name) => <Option key={name} value={name}>{name}</Option>)}
    </Combobox>
  );
}
