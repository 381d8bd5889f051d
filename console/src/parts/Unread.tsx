import { Spinner } from "@fluentui/react-components";

import { ErrorState } from "./ErrorState";
import { PageHeader } from "./PageHeader";

interface Props {
  /** What reads it: a query. */
  of: { data?: unknown; error: unknown; refetch: () => unknown };
  /** What is read, as in "Reading the groups". */
  what: string;
  /** As a part of a page, rather than as all that is below its header. */
  small?: boolean;
}

/** In place of what is not read yet, or could not be; above it, where it could not be read again. */
export function Unread({ of, what, small }: Props) {
  if (of.error) return <ErrorState small={small} error={of.error} retry={() => void of.refetch()} />;
  if (of.data !== undefined) return null;
  return <Spinner size={small ? "tiny" : undefined} label={`Reading ${what}`} style={small ? { justifyContent: "start" } : { padding: 32 }} />;
}

/** A page that is about something, until that is read: `title` says what it is rather than which. */
export function UnreadPage({ title, above, ...rest }: Props & Pick<Parameters<typeof PageHeader>[0], "title" | "above">) {
  return (
    <>
      <PageHeader title={title} above={above} />
      <Unread {...rest} />
    </>
  );
}
