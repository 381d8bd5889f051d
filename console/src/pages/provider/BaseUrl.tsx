import { Input, makeStyles } from "@fluentui/react-components";

import { CopyButton } from "../../parts/CopyButton";
import { FormField } from "../../parts/FormField";

const useStyles = makeStyles({ row: { display: "flex", alignItems: "end", maxWidth: "640px" }, field: { flexGrow: 1 } });

/** The address that clients are given. */
export function BaseUrl({ url, label = "SCIM base URL", hint }: { url: string; label?: string; hint?: string }) {
  const styles = useStyles();
  return (
    <div className={styles.row}>
      <FormField label={label} hint={hint} className={styles.field}>
        <Input readOnly value={url} onFocus={({ target }) => target.select()} />
      </FormField>
      <CopyButton text={url} what={label} />
    </div>
  );
}
