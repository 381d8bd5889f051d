import { Badge, Button, makeStyles, TableCell, TableRow, Text, tokens } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";

import { may, sessionQuery } from "../../api/session";
import { deleteExtension, extensionsQuery, saveExtension, type SchemaExtension } from "../../api/tenants";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { PageBody, Section } from "../../parts/PageBody";
import { SmallTable } from "../../parts/SmallTable";
import { useToasts } from "../../parts/toasts";
import { Unread } from "../../parts/Unread";
import { AttributeDialog } from "./AttributeDialog";
import { aboutOf, without } from "./extension";

const useStyles = makeStyles({ about: { overflowWrap: "anywhere" }, actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM } });

/** What is to be removed: an extension, or one of its attributes. */
interface Removal {
  extension: SchemaExtension;
  attribute?: string;
}

/** The attributes of a tenant beyond those of the RFC. */
export function SchemasPage() {
  const styles = useStyles();
  const { tenant } = useParams({ from: "/shell/connectors/scim/$tenant/schemas" });
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const writable = !!session && may(session, "write", "tenant");
  const extensions = useQuery(extensionsQuery(tenant));
  const [adding, setAdding] = useState<{ to?: SchemaExtension }>();
  const [removal, setRemoval] = useState<Removal>();
  const removing = useMutation({
    mutationFn: ({ extension, attribute }: Removal) => (attribute ? saveExtension(tenant, without(extension, attribute), false) : deleteExtension(tenant, extension.id)),
    onSuccess: (_, { extension, attribute }) => {
      toasts.done(`${attribute ?? extension.id} is removed`);
      setRemoval(undefined);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["tenants", "one", tenant, "schemas"] }),
  });
  const remove = (one: Removal) => {
    removing.reset();
    setRemoval(one);
  };
  return (
    <PageBody>
      {writable && <div><Button icon={<Add20Regular />} onClick={() => setAdding({})}>New schema extension</Button></div>}
      <Unread small of={extensions} what="the extensions" />
      {extensions.data?.length === 0 && <Text>There are none: users and groups have the attributes of RFC 7643.</Text>}
      {extensions.data?.map((extension) => (
        <Section key={extension.id} title={extension.name || extension.id}>
          <Text className={styles.about}>
            {`${extension.id}, of ${extension.resourceType === "Group" ? "groups" : "users"}`} {extension.state === "building" && <Badge appearance="tint" color="warning">Being built</Badge>}
          </Text>
          <SmallTable label={`Attributes of ${extension.id}`} columns={["Attribute", "Type", "Properties", writable && { name: "Remove", width: "96px" }]} least={440}>
            {extension.attributes?.map((attribute) => (
              <TableRow key={attribute.name}>
                <TableCell>{attribute.name}</TableCell>
                <TableCell>{attribute.type}</TableCell>
                <TableCell>{aboutOf(attribute)}</TableCell>
                {writable && <TableCell><Button size="small" aria-label={`Remove ${attribute.name}`} onClick={() => remove({ extension, attribute: attribute.name })}>Remove</Button></TableCell>}
              </TableRow>
            ))}
          </SmallTable>
          {writable && (
            <div className={styles.actions}>
              <Button onClick={() => setAdding({ to: extension })}>Add attribute</Button>
              <Button onClick={() => remove({ extension })}>Remove extension</Button>
            </div>
          )}
        </Section>
      ))}
      {adding && <AttributeDialog tenant={tenant} to={adding.to} onClose={() => setAdding(undefined)} />}
      <ConfirmDialog
        open={removal !== undefined}
        title={`Remove ${removal?.attribute ?? removal?.extension.id ?? ""}?`}
        action="Remove"
        danger
        pending={removing.isPending}
        error={removing.error}
        onConfirm={() => removal && removing.mutate(removal)}
        onCancel={() => setRemoval(undefined)}
      >
        The values that users and groups have of it are removed as well. This cannot be undone.
      </ConfirmDialog>
    </PageBody>
  );
}
