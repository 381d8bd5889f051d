import { Button, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";

import { isDenied } from "../api/errors";
import { ErrorBar } from "./ErrorBar";

const useStyles = makeStyles({
  state: { display: "grid", gridTemplateColumns: "minmax(0, 1fr)", justifyItems: "start", gap: tokens.spacingVerticalM, padding: tokens.spacingHorizontalXL },
  small: { padding: 0 },
});

interface Props {
  error: unknown;
  retry: () => void;
  /** As a part of a page. */
  small?: boolean;
}

/** In place of what could not be read. */
export function ErrorState({ error, retry, small }: Props) {
  const styles = useStyles();
  return (
    <div className={mergeClasses(styles.state, small && styles.small)}>
      <ErrorBar error={error} />
      {!isDenied(error) && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}
