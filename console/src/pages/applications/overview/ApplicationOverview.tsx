import { Text } from "@fluentui/react-components";

import { PageBody } from "../../../parts/PageBody";
import { useApplication } from "../layout/application";

/** How provisioning to an application goes. */
export function ApplicationOverview() {
  const { job } = useApplication();
  return <PageBody><Text>{job?.status}</Text></PageBody>;
}
