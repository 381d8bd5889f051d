import { makeStyles, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { type ApplicationTemplate, galleryQuery } from "../../../api/applications";
import { PageBody } from "../../../parts/PageBody";
import { PageHeader } from "../../../parts/PageHeader";
import { Permitted } from "../../../parts/Permitted";
import { SearchField } from "../../../parts/SearchField";
import { Unread } from "../../../parts/Unread";
import { AddApplicationDialog } from "./AddApplicationDialog";

const useStyles = makeStyles({
  cards: { display: "grid", gap: tokens.spacingHorizontalL, gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 260px), 1fr))", listStyleType: "none", margin: 0, padding: 0 },
  card: {
    display: "grid",
    alignContent: "start",
    gap: tokens.spacingVerticalXS,
    width: "100%",
    height: "100%",
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusLarge,
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    fontFamily: "inherit",
    textAlign: "start",
    cursor: "pointer",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
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
        <Permitted area="applications">
          <SearchField label="Search application" value={search} onSearch={onSearch} />
          <Unread small of={gallery} what="the gallery" />
          {gallery.data?.length === 0 && (
            <Text role="status">{`The gallery has nothing for "${search}". What speaks SCIM 2.0 is added as "SCIM application".`}</Text>
          )}
          <ul className={styles.cards} aria-label="Gallery">
            {gallery.data?.map((template) => (
              <li key={template.id}>
                <button type="button" className={styles.card} onClick={() => setChosen(template)}>
                  <Text weight="semibold" block>{template.displayName}</Text>
                  <Text size={200} block className={styles.publisher}>{template.publisher}</Text>
                  <Text block>{template.description}</Text>
                </button>
              </li>
            ))}
          </ul>
        </Permitted>
      </PageBody>
      {chosen && <AddApplicationDialog template={chosen} onCancel={() => setChosen(undefined)} />}
    </>
  );
}
