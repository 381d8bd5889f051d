import { Combobox, type ComboboxProps, Option } from "@fluentui/react-components";
import { useRef, useState } from "react";

import { suggestions } from "./attributes";

interface Props extends Pick<ComboboxProps, "placeholder" | "disabled"> {
  names: string[];
  value: string;
  onType: (text: string) => void;
  onChoose: (name: string) => void;
}

/** The keys that go among the suggestions. */
const MOVES = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"];

/** The name of an attribute, typed or chosen from those that are known. Within a field, which names it. */
export function AttributeBox({ names, value, onType, onChoose, ...rest }: Props) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState(false);
  // Tab and Enter would take the suggestion that only begins with what was typed, or is merely the first.
  const pointedAt = useRef(false);
  const shown = typed ? suggestions(names, value) : names;
  return (
    <Combobox
      {...rest}
      freeform
      style={{ minWidth: 0 }}
      expandIcon={{ tabIndex: -1 }}
      value={value}
      selectedOptions={value ? [value] : []}
      open={open}
      onOpenChange={(_, next) => {
        setOpen(next.open);
        if (next.open) pointedAt.current = false;
        else setTyped(false);
      }}
      onKeyDown={({ key }) => {
        if (MOVES.includes(key)) pointedAt.current = true;
      }}
      onChange={({ target }) => {
        pointedAt.current = false;
        setTyped(true);
        // Also for what is pasted.
        setOpen(true);
        onType(target.value);
      }}
      onOptionSelect={(event, { optionValue }) => {
        if (optionValue !== undefined && (event.type === "click" || pointedAt.current)) onChoose(optionValue);
      }}
    >
      {shown.map((name) => <Option key={name} value={name}>{name}</Option>)}
    </Combobox>
  );
}
