import { MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { type Area, may, sessionQuery } from "../api/session";

/** What changes something, for those whose roles permit it; the others are told so. */
export function Permitted({ area, children }: { area: Area; children: ReactNode }) {
  const { data: session } = useQuery(sessionQuery);
  if (session && may(session, "write", area)) return children;
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>Your roles do not permit this.</MessageBarTitle>
        Your roles are in the account menu; a Global Administrator gives others.
      </MessageBarBody>
    </MessageBar>
  );
}
