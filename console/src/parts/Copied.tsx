import { makeStyles } from "@fluentui/react-components";

import { CopyButton } from "./CopyButton";

const useStyles = makeStyles({ text: { display: "flex", alignItems: "center", flexWrap: "wrap" } });

/** A text that is copied elsewhere, such as an id; `what` says which. */
export function Copied({ text, what }: { text: string; what: string }) {
  return <span className={useStyles().text}>{text}<CopyButton text={text} what={what} /></span>;
}
