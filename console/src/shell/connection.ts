import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

import { wire } from "../api/client";
import { sessionQuery } from "../api/session";
import { isAnythingUnsaved, setEnded } from "./unsaved";

const AGAIN = 3_000;

let reachable = true;
const listeners = new Set<() => void>();

function tell(now: boolean) {
  if (reachable === now) return;
  reachable = now;
  listeners.forEach((listener) => listener());
}

/** Whether the server answers. */
export function useReachable(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => reachable,
  );
}

async function answers(): Promise<boolean> {
  return fetch("/healthz").then((response) => response.ok, () => false);
}

interface Leads {
  state: { location: { href: string; pathname: string } };
  navigate(to: { to: "/sign-in"; search: { from: string } }): Promise<void>;
}

/** Notices when a session ends and when the server goes and comes back, wherever in the console. */
export function followServer(router: Leads, queries: QueryClient): void {
  let asking = false;
  wire.onSessionEnded = () => {
    // What was typed stays where it is: the password is asked for above it.
    if (isAnythingUnsaved()) return setEnded(true);
    queries.setQueryData(sessionQuery.queryKey, null);
    const { href, pathname } = router.state.location;
    if (!pathname.endsWith("/sign-in")) void router.navigate({ to: "/sign-in", search: { from: href } });
  };
  wire.onReachable = (now) => {
    tell(now);
    if (now || asking) return;
    asking = true;
    const ask = async () => {
      if (!(await answers())) return void setTimeout(() => void ask(), AGAIN);
      asking = false;
      tell(true);
      await queries.refetchQueries({ type: "active" });
    };
    setTimeout(() => void ask(), AGAIN);
  };
}
