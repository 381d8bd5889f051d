import { MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";

import { wording } from "../api/errors";

/** What went wrong with a form or an action, where it is looked for. */
export function ErrorBar({ error }: { error: unknown }) {
  if (!error) return null;
  const { message, hint } = wording(error);
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>{message}</MessageBarTitle>
        {hint && <div>{hint}</div>}
      </MessageBarBody>
    </MessageBar>
  );
}
