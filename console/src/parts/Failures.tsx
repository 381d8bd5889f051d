import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, tokens } from "@fluentui/react-components";

import { wording } from "../api/errors";
import type { Outcome } from "./each";
import { count } from "./format";

const useStyles = makeStyles({ list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL, maxHeight: "240px", overflowY: "auto" } });

/** What failed of an action for many, each with its reason. */
export function Failures({ of: { done, failures } }: { of: Outcome }) {
  const styles = useStyles();
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>{`${count(failures.length)} of ${count(done + failures.length)} failed`}</MessageBarTitle>
        <ul className={styles.list}>
          {failures.map(({ name, error }) => <li key={name}>{`${name}: ${wording(error).message}`}</li>)}
        </ul>
      </MessageBarBody>
    </MessageBar>
  );
}
