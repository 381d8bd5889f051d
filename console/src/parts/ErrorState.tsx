import { Button, makeStyles, tokens } from "@fluentui/react-components";

import { ErrorBar } from "./ErrorBar";

const useStyles = makeStyles({
  state: { display: "grid", justifyItems: "start", gap: tokens.spacingVerticalM, padding: tokens.spacingHorizontalXL },
});

/** In place of what could not be read. */
export function ErrorState({ error, retry }: { error: unknown; retry: () => void }) {
  const styles = useStyles();
  return (
    <div className={styles.state}>
      <ErrorBar error={error} />
      <Button onClick={retry}>Try again</Button>
    </div>
  );
}
