import { Button, Tooltip } from "@fluentui/react-components";
import { Checkmark20Regular, Copy20Regular } from "@fluentui/react-icons";
import { useState } from "react";

import { useToasts } from "./toasts";

/** Copies a text; `what` says which. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  const toasts = useToasts();
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => toasts.failed(new Error("The browser does not let the console copy: select the text and copy it.")),
    );
  const label = copied ? `Copied ${what}` : `Copy ${what}`;
  return (
    <Tooltip content={label} relationship="label">
      <Button
        appearance="subtle"
        size="small"
        icon={copied ? <Checkmark20Regular /> : <Copy20Regular />}
        onClick={() => void copy()}
        onBlur={() => setCopied(false)}
      />
    </Tooltip>
  );
}
