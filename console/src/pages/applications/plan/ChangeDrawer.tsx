import { Text } from "@fluentui/react-components";

import type { PlannedChange } from "../../../api/plans";
import { Details } from "../../../parts/Details";
import { Differences } from "../../../parts/Differences";
import { IdentityLink } from "../../../parts/IdentityLink";
import { Properties } from "../../../parts/Properties";
import { Stages } from "../../logs/Stages";
import { word } from "../../logs/words";
import { differences, nameOf } from "./changes";
import { Verdict } from "./Verdict";

/** What would become of one object. */
export function ChangeDrawer({ change, title, onClose }: { change?: PlannedChange; title?: string; onClose: () => void }) {
  return <Details title={title ?? ""} wide open={change !== undefined} onClose={onClose}>{change && <Change change={change} />}</Details>;
}

/** What is planned for an object: why, and each attribute with its value before and after. */
export function Change({ change }: { change: PlannedChange }) {
  const { source, target, error, steps } = change;
  const modified = differences(change);
  const made = target.id.startsWith("new-");
  return (
    <>
      <Properties
        of={[
          ["Action", word(change.action)],
          ["Status", change.status !== "success" && <Verdict of={change.status} />],
          ["Identity", <IdentityLink type={source.identityType} id={source.id} name={nameOf(change)} />],
          ["Target ID", made ? "given by the application once it is created" : target.id],
          ["Reason", error?.reason],
          ["Recommended action", error?.recommendedAction],
        ]}
      />
      {modified.length > 0 ? <Differences label="What would change" of={modified} /> : <Text>No attribute would be written.</Text>}
      {steps && <Stages steps={steps} type={source.identityType} />}
    </>
  );
}
