import { Badge, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Subtitle2, tokens } from "@fluentui/react-components";

import type { ClientRequest } from "../../api/tenants";
import { Details } from "../../parts/Details";
import { Facts } from "../../parts/Facts";
import { moment } from "../../parts/format";
import { Json } from "../../parts/Json";
import { durationOf, gradeOf, operationOf } from "./request";

const useStyles = makeStyles({ quirks: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL } });

/** A request: what came, what was answered, and why. */
export function RequestDetails({ request, onClose }: { request: ClientRequest; onClose: () => void }) {
  const styles = useStyles();
  const at = request.at && moment(request.at);
  return (
    <Details title={operationOf(request)} onClose={onClose}>
      {request.cause && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody><MessageBarTitle>{request.cause}</MessageBarTitle>{request.fix}</MessageBarBody>
        </MessageBar>
      )}
      <Facts
        of={[
          ["Status", <Badge key="status" appearance="tint" color={gradeOf(request)}>{`${request.status}${request.scimType ? ` ${request.scimType}` : ""}`}</Badge>],
          ["Time", at],
          ["Duration", durationOf(request)],
          ["Client", request.client],
          ["User-Agent", request.userAgent],
          ["Address", request.target],
          ["Token", request.authenticated === false ? "none that opens this tenant" : undefined],
        ]}
      />
      {(request.quirks?.length ?? 0) > 0 && (
        <>
          <Subtitle2 as="h3">Quirks that were accepted</Subtitle2>
          <ul className={styles.quirks}>{request.quirks?.map(({ code, detail }) => <li key={code + detail}>{`${code}: ${detail}`}</li>)}</ul>
        </>
      )}
      {request.body != null && <><Subtitle2 as="h3">Body</Subtitle2><Json label="Body of the request" value={request.body} /></>}
      {request.answer != null && <><Subtitle2 as="h3">Answer</Subtitle2><Json label="Answer" value={request.answer} /></>}
    </Details>
  );
}
