import { MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";

import { useReachable } from "./connection";

/** Says that the server is gone for as long as it is. */
export function ConnectionBanner() {
  if (useReachable()) return null;
  return (
    <MessageBar intent="warning" role="status">
      <MessageBarBody>
        <MessageBarTitle>The server does not answer.</MessageBarTitle>
        What you typed is kept; the console tries again every few seconds.
      </MessageBarBody>
    </MessageBar>
  );
}
