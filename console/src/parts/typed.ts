import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

const PAUSE = 300;

/**
 * What is typed into a field, and told once typing pauses to who keeps it, such as the address. It is not told any more
 * once another page is on its way: what a page writes to its own address would call that one off.
 */
export function useTyped(value: string, tell: (text: string) => void): [typed: string, type: (text: string) => void] {
  const router = useRouter();
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    // Another value came from who keeps it, as by the browser's back button.
    if (value !== told.current) setTyped(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    if (typed === told.current) return;
    const timer = setTimeout(() => {
      if (router.latestLocation.pathname !== router.state.resolvedLocation?.pathname) return;
      told.current = typed;
      tell(typed);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [typed, tell, router]);
  return [typed, setTyped];
}
