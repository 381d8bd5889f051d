import { Badge, TableCell, TableRow, ToolbarButton } from "@fluentui/react-components";
import { ArrowReset20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { resetSchema, type SavedSchema, schemaQuery } from "../../../api/mappings";
import { CommandBar } from "../../../parts/CommandBar";
import { ConfirmDialog } from "../../../parts/ConfirmDialog";
import { PageBody } from "../../../parts/PageBody";
import { SmallTable } from "../../../parts/SmallTable";
import { useToasts } from "../../../parts/toasts";
import { Unread } from "../../../parts/Unread";
import { useApplication } from "../layout/application";
import { affectedText, objectMappings } from "./mapping";
import { useJobOf, useWritable } from "./use";

/** How users and groups become accounts: a mapping for each. */
export function MappingsPage() {
  const of = useJobOf();
  const schema = useQuery(schemaQuery(of));
  if (!schema.data) return <Unread of={schema} what="the mappings" />;
  return <Loaded saved={schema.data} />;
}

function Loaded({ saved }: { saved: SavedSchema }) {
  const of = useJobOf();
  const { application } = useApplication();
  const writable = useWritable();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [asking, setAsking] = useState(false);
  const resetting = useMutation({
    mutationFn: () => resetSchema(of, saved.tag),
    onSuccess: (objects) => {
      setAsking(false);
      toasts.done(`The default mappings are restored. ${affectedText(objects, false)}`);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["applications"] }),
  });
  return (
    <PageBody>
      {writable && (
        <CommandBar>
          <ToolbarButton icon={<ArrowReset20Regular />} onClick={() => { resetting.reset(); setAsking(true); }}>Restore default mappings</ToolbarButton>
        </CommandBar>
      )}
      <SmallTable label="Mappings" columns={["Name", "Enabled", "Attributes", "Source Object Scope"]} least={440}>
        {objectMappings(saved.schema).map((mapping) => {
          const object = mapping.sourceObjectName ?? "";
          const filters = mapping.scope?.groups?.length ?? 0;
          return (
            <TableRow key={object}>
              <TableCell><Link to="/applications/$id/mappings/$object" params={{ id: of.application, object }}>{mapping.name}</Link></TableCell>
              <TableCell><Badge appearance="tint" color={mapping.enabled === false ? "informative" : "success"}>{mapping.enabled === false ? "No" : "Yes"}</Badge></TableCell>
              <TableCell>{mapping.attributeMappings?.length ?? 0}</TableCell>
              <TableCell>
                <Link to="/applications/$id/scoping" params={{ id: of.application }} search={{ object: object === "Group" ? "Group" : undefined }}>
                  {filters === 0 ? "All records" : filters === 1 ? "1 filter" : `${filters} filters`}
                </Link>
              </TableCell>
            </TableRow>
          );
        })}
      </SmallTable>
      <ConfirmDialog
        open={asking}
        title="Restore the default mappings?"
        action="Restore"
        pending={resetting.isPending}
        error={resetting.error}
        onConfirm={() => resetting.mutate()}
        onCancel={() => setAsking(false)}
      >
        The mappings and scoping filters of users and groups become those that {application.displayName} began with. What was changed is lost, and the
        next cycle writes what the defaults say into the accounts.
      </ConfirmDialog>
    </PageBody>
  );
}
