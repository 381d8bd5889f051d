import { makeStyles, Tab, TabList, Text, tokens, ToolbarButton } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { type ObjectName, operatorsQuery, type SavedSchema, schemaQuery } from "../../../api/mappings";
import { CommandBar } from "../../../parts/CommandBar";
import { PageBody, Section } from "../../../parts/PageBody";
import { Unread } from "../../../parts/Unread";
import { attributesOf, namesOf } from "./attributes";
import { FilterCard } from "./FilterCard";
import { SaveBar } from "./SaveBar";
import { complete, filtersOf, NEW_CLAUSE, replaced, scopeOf, type ScopingFilter } from "./scoping";
import { Sample } from "./Sample";
import { useJobOf, useMappingEditor, useWritable } from "./use";

const useStyles = makeStyles({
  filters: { display: "grid", gap: tokens.spacingVerticalM },
  or: { color: tokens.colorNeutralForeground2, fontWeight: tokens.fontWeightSemibold },
});

/** Who of those who are assigned gets an account: the scoping filters of users and of groups. */
export function ScopingPage() {
  const { object = "User" } = useSearch({ from: "/shell/applications/$id/scoping" });
  const navigate = useNavigate({ from: "/applications/$id/scoping" });
  const schema = useQuery(schemaQuery(useJobOf()));
  if (!schema.data) return <Unread of={schema} what="the scoping filters" />;
  return (
    <PageBody>
      <TabList
        selectedValue={object}
        aria-label="Whose scope"
        onTabSelect={(_, { value }) => void navigate({ search: { object: value === "Group" ? "Group" : undefined } })}
      >
        <Tab value="User">Users</Tab>
        <Tab value="Group">Groups</Tab>
      </TabList>
      <Loaded key={object} saved={schema.data} object={object} />
    </PageBody>
  );
}

function Loaded({ saved, object }: { saved: SavedSchema; object: ObjectName }) {
  const styles = useStyles();
  const of = useJobOf();
  const writable = useWritable();
  const editor = useMappingEditor(saved, object);
  const operators = useQuery(operatorsQuery(of)).data ?? [];
  if (!editor) return <Text>{`${object}s are not mapped here.`}</Text>;
  const filters = filtersOf(editor.mapping);
  const edit = (changed: ScopingFilter[]) => editor.edit({ scope: scopeOf(changed, operators) });
  const names = namesOf(attributesOf(saved.schema, "source", object).map((it) => ({ ...it, mutability: undefined })));
  const all = object === "User" ? "users" : "groups";
  return (
    <>
      <SaveBar editor={editor} writable={writable} />
      <Section title="Scoping filters">
        <Text>
          {filters.length === 0
            ? `There is none: of the ${all} that provisioning is meant for, all are in scope.`
            : `Of the ${all} that provisioning is meant for, those are in scope who pass one of the filters: all of its clauses.`}
        </Text>
        {writable && (
          <CommandBar>
            <ToolbarButton
              icon={<Add20Regular />}
              onClick={() => edit([...filters, { name: `Filter ${filters.length + 1}`, clauses: [NEW_CLAUSE] }])}
            >
              Add scoping filter
            </ToolbarButton>
          </CommandBar>
        )}
        <div className={styles.filters}>
          {filters.map((filter, at) => (
            <div key={at} className={styles.filters}>
              {at > 0 && <Text className={styles.or}>or</Text>}
              <FilterCard
                filter={filter}
                number={at + 1}
                names={names}
                operators={operators}
                writable={writable}
                onChange={(changed) => edit(replaced(filters, at, changed))}
                onDelete={() => edit(replaced(filters, at))}
              />
            </div>
          ))}
        </div>
      </Section>
      {writable && <Section title="Who would pass">{complete(filters) ? <Sample object={object} schema={editor.saved.schema} /> : <Text>Choose an attribute in each clause to see.</Text>}</Section>}
    </>
  );
}
