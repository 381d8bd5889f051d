import { Button, MenuItem, MenuList } from "@fluentui/react-components";
import { MoreHorizontal20Regular } from "@fluentui/react-icons";

import { InlineMenu } from "./InlineMenu";

/** Something that can be done with a row. */
export interface RowAction {
  label: string;
  onChosen: () => void;
}

/** The menu at the end of a row. Tab leads to it from the row that has the focus. */
export function RowActions({ of, name, focusable }: { of: RowAction[]; name: string; focusable: boolean }) {
  if (of.length === 0) return null;
  return (
    <InlineMenu trigger={<Button appearance="subtle" size="small" tabIndex={focusable ? 0 : -1} icon={<MoreHorizontal20Regular />} aria-label={`Actions for ${name}`} />}>
      <MenuList>{of.map(({ label, onChosen }) => <MenuItem key={label} onClick={onChosen}>{label}</MenuItem>)}</MenuList>
    </InlineMenu>
  );
}
