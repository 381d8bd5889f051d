import { Badge } from "@fluentui/react-components";

import { colorOf, word } from "./words";

/** How an entry or a step ended. */
export function Status({ of }: { of: string | null | undefined }) {
  return <Badge appearance="tint" color={colorOf(of)}>{word(of)}</Badge>;
}
