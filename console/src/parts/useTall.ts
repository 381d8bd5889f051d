import { useCallback, useLayoutEffect, useRef, useState } from "react";

import { drawn, paceOf, scrolledFor, type Tall } from "./tall";

const NOWHERE = { first: 0, end: 0, shift: 0 };

/** Which rows of a list are drawn as it is scrolled, and a way to a row. */
export function useTall(rows: number, row: number) {
  const element = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(0);
  const [at, setAt] = useState(NOWHERE);
  const tall: Tall = { rows, row, view };
  const latest = useRef(tall);

  const look = useCallback(() => {
    const next = drawn(latest.current, element.current?.scrollTop ?? 0);
    setAt((now) => (now.first === next.first && now.end === next.end && now.shift === next.shift ? now : next));
  }, []);

  useLayoutEffect(() => {
    const shown = element.current;
    if (!shown) return;
    const watch = new ResizeObserver(() => setView(shown.clientHeight));
    watch.observe(shown);
    shown.addEventListener("scroll", look, { passive: true });
    setView(shown.clientHeight);
    return () => {
      watch.disconnect();
      shown.removeEventListener("scroll", look);
    };
  }, [look]);

  useLayoutEffect(() => {
    const before = latest.current;
    latest.current = { rows, row, view };
    const shown = element.current;
    // Rows that were added below leave those in sight where they are.
    const pace = paceOf(latest.current);
    if (shown && rows > before.rows && pace > 1) shown.scrollTo({ top: (shown.scrollTop * paceOf(before)) / pace });
    look();
  }, [rows, row, view, look]);

  const show = useCallback(
    (index: number) => {
      const shown = element.current;
      shown?.scrollTo({ top: scrolledFor(latest.current, shown.scrollTop, index) });
    },
    [],
  );
  return { element, ...at, end: Math.min(at.end, rows), show, tall };
}
