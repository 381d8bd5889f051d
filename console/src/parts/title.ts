import { useEffect } from "react";

/** The document's title, and with it what the browser's tab and history say. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} - Provost`;
  }, [title]);
}
