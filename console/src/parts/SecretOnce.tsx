import { Input, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";

import { CopyButton } from "./CopyButton";
import { FormField } from "./FormField";

const useStyles = makeStyles({
  secret: { display: "grid", gap: tokens.spacingVerticalM },
  input: { fontFamily: tokens.fontFamilyMonospace },
});

/** A secret that is shown now and never again. */
export function SecretOnce({ label, secret, why = "it is not shown again, as only a hash of it is kept." }: { label: string; secret: string; why?: string }) {
  const styles = useStyles();
  return (
    <div className={styles.secret}>
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>Copy it now: {why}</MessageBarBody>
      </MessageBar>
      <FormField label={label}>
        <Input className={styles.input} readOnly value={secret} onFocus={({ target }) => target.select()} contentAfter={<CopyButton text={secret} what={label} />} />
      </FormField>
    </div>
  );
}
