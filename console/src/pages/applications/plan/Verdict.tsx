import { Badge } from "@fluentui/react-components";

import { colorOf, word } from "../../logs/words";

const VERDICTS: Record<string, string> = { failure: "Would fail", skipped: "Would be skipped" };

/** What would be out of the ordinary about a change that is planned; nothing about one that would succeed. */
export function Verdict({ of }: { of: string | null | undefined }) {
  if (!of || of === "success") return null;
  return <Badge appearance="tint" color={colorOf(of)}>{VERDICTS[of] ?? word(of)}</Badge>;
}
