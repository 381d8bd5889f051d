import { Button, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { type Holder, membershipsQuery } from "../../api/groups";
import { Unread } from "../../parts/Unread";

const useStyles = makeStyles({
  list: { margin: 0, padding: 0, listStyleType: "none", display: "grid", gap: tokens.spacingVerticalXS },
  link: { color: tokens.colorBrandForegroundLink },
});

/** The groups that a user or group is a direct member of. */
export function Memberships({ holder, id }: { holder: Holder; id: string }) {
  const styles = useStyles();
  const groups = useInfiniteQuery(membershipsQuery(holder, id));
  if (!groups.data) return <Unread small of={groups} what="the groups" />;
  const all = groups.data.pages.flatMap(({ value }) => value);
  if (all.length === 0) return <Text>In no group.</Text>;
  return (
    <>
      <ul className={styles.list}>
        {all.map((group) => (
          <li key={group.id}><Link className={styles.link} to="/groups/$id" params={{ id: group.id }}>{group.displayName ?? group.id}</Link></li>
        ))}
      </ul>
      {groups.hasNextPage && <div><Button disabled={groups.isFetchingNextPage} onClick={() => void groups.fetchNextPage()}>Show more</Button></div>}
    </>
  );
}
