import { SearchBox } from "@fluentui/react-components";
import { useEffect, useRef, useState } from "react";

const PAUSE = 300;

/** A search that begins once typing pauses. */
export function SearchField({ label, value, onSearch }: { label: string; value: string; onSearch: (text: string) => void }) {
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    // Another search came from the address, as by the browser's back button.
    if (value !== told.current) setTyped(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    if (typed === told.current) return;
    const timer = setTimeout(() => {
      told.current = typed;
      onSearch(typed);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [typed, onSearch]);
  return <SearchBox aria-label={label} placeholder={label} value={typed} onChange={(_, data) => setTyped(data.value)} />;
}
