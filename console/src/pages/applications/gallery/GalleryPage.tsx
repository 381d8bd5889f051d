import { Body1, Caption1, Card, CardHeader, makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { type ApplicationTemplate, galleryQuery } from "../../../api/applications";
import { ErrorState } from "../../../parts/ErrorState";
import { PageBody } from "../../../parts/PageBody";
import { PageHeader } from "../../../parts/PageHeader";
import { SearchField } from "../../../parts/SearchField";
import { AddApplicationDialog } from "./AddApplicationDialog";

const useStyles = makeStyles({
  cards: { display: "grid", gap: tokens.spacingHorizontalL, gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 260px), 1fr))", listStyleType: "none", margin: 0, padding: 0 },
  card: { height: "100%" },
  publisher: { color: tokens.colorNeutralForeground2 },
});

/** The gallery: what can be added as an application. */
export function GalleryPage() {
  const styles = useStyles();
  const { search = "" } = useSearch({ from: "/shell/applications/new" });
  const navigate = useNavigate({ from: "/applications/new" });
  const gallery = useQuery(galleryQuery(search));
  const [chosen, setChosen] = useState<ApplicationTemplate>();
  const onSearch = useCallback(
    (text: string) => void navigate({ search: { search: text || undefined }, replace: true }),
    [navigate],
  );
  return (
    <>
      <PageHeader title="New application" above={[{ label: "Enterprise applications", to: "/applications" }]} />
      <PageBody>
        <SearchField label="Search application" value={search} onSearch={onSearch} />
        {gallery.isPending && <Spinner label="Reading the gallery" />}
        {gallery.isError && <ErrorState error={gallery.error} retry={() => void gallery.refetch()} />}
        {gallery.data?.length === 0 && (
          <Text role="status">{`The gallery has nothing for "${search}". What speaks SCIM 2.0 is added as "SCIM application".`}</Text>
        )}
        <ul className={styles.cards} aria-label="Gallery">
          {gallery.data?.map((template) => (
            <li key={template.id}>
              <Card className={styles.card} onClick={() => setChosen(template)} aria-label={template.displayName ?? template.id}>
                <CardHeader
                  header={<Text weight="semibold">{template.displayName}</Text>}
                  description={<Caption1 className={styles.publisher}>{template.publisher}</Caption1>}
                />
                <Body1>{template.description}</Body1>
              </Card>
            </li>
          ))}
        </ul>
      </PageBody>
      {chosen && <AddApplicationDialog template={chosen} onCancel={() => setChosen(undefined)} />}
    </>
  );
}
