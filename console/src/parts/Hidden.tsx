import type { ReactNode } from "react";

/** What is read aloud and not seen. */
export function Hidden({ children }: { children: ReactNode }) {
  return <span style={{ position: "absolute", clipPath: "inset(50%)", width: 1, height: 1, overflow: "hidden" }}>{children}</span>;
}
