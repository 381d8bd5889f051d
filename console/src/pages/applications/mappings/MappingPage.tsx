import { Checkbox, Field, makeStyles, Switch, Text, tokens, ToolbarButton } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useId, useState } from "react";

import { type AttributeMapping, type ObjectName, type SavedSchema, schemaQuery } from "../../../api/mappings";
import { CommandBar } from "../../../parts/CommandBar";
import { NotFound } from "../../../parts/NotFound";
import { PageBody, Section } from "../../../parts/PageBody";
import { Unread } from "../../../parts/Unread";
import { AttributeDrawer } from "./AttributeDrawer";
import { AttributeTable } from "./AttributeTable";
import { type Actions, actionsOf, flowTypes, moved, numbered } from "./mapping";
import { SaveBar } from "./SaveBar";
import { useJobOf, useMappingEditor, useWritable } from "./use";

const useStyles = makeStyles({
  settings: { display: "flex", flexWrap: "wrap", gap: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalXXXL}`, "> *": { minWidth: 0 } },
  actions: { display: "flex", flexWrap: "wrap", marginInlineStart: "-8px" },
  link: { lineHeight: "36px" },
});

const ACTIONS: [keyof Actions, string][] = [["create", "Create"], ["update", "Update"], ["delete", "Delete"]];

/** The mapping of users, or of groups (Entra: Attribute Mapping). */
export function MappingPage() {
  const { object } = useParams({ from: "/shell/applications/$id/mappings/$object" });
  const schema = useQuery(schemaQuery(useJobOf()));
  if (!schema.data) return <Unread of={schema} what="the mapping" />;
  return <Loaded key={object} saved={schema.data} object={object === "Group" ? "Group" : "User"} />;
}

function Loaded({ saved, object }: { saved: SavedSchema; object: ObjectName }) {
  const styles = useStyles();
  const of = useJobOf();
  const writable = useWritable();
  const editor = useMappingEditor(saved, object);
  const label = useId();
  // The one that is edited; null for a new one.
  const [opened, setOpened] = useState<AttributeMapping | null>();
  if (!editor) return <NotFound />;
  const { mapping, edit } = editor;
  const actions = actionsOf(mapping);
  const attributes = mapping.attributeMappings ?? [];
  const replace = (changed: AttributeMapping[]) => edit({ attributeMappings: numbered(changed) });
  const filters = mapping.scope?.groups?.length ?? 0;
  return (
    <PageBody>
      <SaveBar editor={editor} writable={writable} />
      <Section title={mapping.name ?? `Provision ${object}s`}>
        <div className={styles.settings}>
          <Field label="Enabled">
            <Switch
              label={mapping.enabled === false ? "No" : "Yes"}
              checked={mapping.enabled !== false}
              disabled={!writable}
              onChange={(_, { checked }) => edit({ enabled: checked })}
            />
          </Field>
          <div role="group" aria-labelledby={label}>
            <Text id={label}>Target Object Actions</Text>
            <div className={styles.actions}>
              {ACTIONS.map(([action, label]) => (
                <Checkbox
                  key={action}
                  label={label}
                  checked={actions[action]}
                  disabled={!writable}
                  onChange={(_, { checked }) => edit({ flowTypes: flowTypes({ ...actions, [action]: checked === true }) })}
                />
              ))}
            </div>
          </div>
          <div>
            <Text block>Source Object Scope</Text>
            <Text className={styles.link}>
              <Link to="/applications/$id/scoping" params={{ id: of.application }} search={{ object: object === "Group" ? "Group" : undefined }}>
                {filters === 0 ? "All records" : filters === 1 ? "1 scoping filter" : `${filters} scoping filters`}
              </Link>
            </Text>
          </div>
        </div>
      </Section>
      <Section title="Attribute Mappings">
        {writable && (
          <CommandBar>
            <ToolbarButton icon={<Add20Regular />} onClick={() => setOpened(null)}>Add New Mapping</ToolbarButton>
          </CommandBar>
        )}
        <AttributeTable
          of={attributes}
          writable={writable}
          onOpen={setOpened}
          onDelete={(attribute) => replace(attributes.filter((it) => it !== attribute))}
          onMove={(attribute, by) => edit({ attributeMappings: moved(attributes, attribute, by) })}
        />
      </Section>
      <AttributeDrawer
        key={opened === undefined ? "closed" : opened?.targetAttributeName ?? "new"}
        opened={opened}
        mapping={mapping}
        saved={editor.saved}
        directories={saved.schema}
        writable={writable}
        onClose={() => setOpened(undefined)}
        onDone={(changed) => {
          replace(opened ? attributes.map((it) => (it === opened ? changed : it)) : [...attributes, changed]);
          setOpened(undefined);
        }}
      />
    </PageBody>
  );
}
