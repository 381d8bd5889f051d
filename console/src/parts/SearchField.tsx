import { SearchBox } from "@fluentui/react-components";

import { useTyped } from "./typed";

/** A search that begins once typing pauses. */
export function SearchField({ label, value, onSearch }: { label: string; value: string; onSearch: (text: string) => void }) {
  const [typed, type] = useTyped(value, onSearch);
  return <SearchBox aria-label={label} placeholder={label} value={typed} onChange={(_, data) => type(data.value)} />;
}
