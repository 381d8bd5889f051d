import { useSyncExternalStore } from "react";

/** How many forms have changes that are not saved, and whether the session ended over them. */
let forms = 0;
let ended = false;
const listeners = new Set<() => void>();

/** Counts a form for as long as it has changes that are not saved; answers how that ends. */
export function holdUnsaved(): () => void {
  forms += 1;
  return () => {
    forms -= 1;
  };
}

export function isAnythingUnsaved(): boolean {
  return forms > 0;
}

export function setEnded(now: boolean): void {
  ended = now;
  listeners.forEach((listener) => listener());
}

/** Whether the session has ended while something is not saved. */
export function useEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ended,
  );
}
