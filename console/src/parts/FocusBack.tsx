import { useEffect, useState } from "react";

/**
 * Within what opens above a page: as it goes, the focus returns to what had it before, or, where that is gone as well, to
 * the row that the keyboard is at, or to the page.
 */
export function FocusBack() {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // Once it is closed, unless the focus has gone somewhere by then.
      setTimeout(() => {
        if (document.activeElement && document.activeElement !== document.body) return;
        const places = [before, ...document.querySelectorAll("main [data-row][tabindex='0'], main h1")];
        const place = places.find((it) => it instanceof HTMLElement && it.isConnected && it !== document.body);
        (place as HTMLElement | undefined)?.focus({ preventScroll: true });
      });
    },
    [before],
  );
  return null;
}
