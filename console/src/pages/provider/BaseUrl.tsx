import { Input, makeStyles } from "@fluentui/react-components";

import { CopyButton } from "../../parts/CopyButton";
import { FormField } from "../../parts/FormField";

const useStyles = makeStyles({ field: { maxWidth: "640px" } });

/** The address that clients are given. */
export function BaseUrl({ url, label = "SCIM base URL", hint }: { url: string; label?: string; hint?: string }) {
  const styles = useStyles();
  return (
    <FormField label={label} hint={hint} className={styles.field}>
      <Input readOnly value={url} onFocus={({ target }) => target.select()} contentAfter={<CopyButton text={url} what={label} />} />
    </FormField>
  );
}
