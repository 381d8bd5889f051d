import {
  Avatar, Button, makeStyles, MenuDivider, MenuGroup, MenuGroupHeader, MenuItem, MenuItemRadio, MenuList, Text, tokens,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";

import { type Session, sessionQuery, signOut } from "../api/session";
import { InlineMenu } from "../parts/InlineMenu";
import { useToasts } from "../parts/toasts";
import { type ThemeChoice, useThemeChoice } from "./theme";

const useStyles = makeStyles({
  button: { minWidth: "40px", paddingInline: tokens.spacingHorizontalXS },
  who: { padding: tokens.spacingHorizontalM, display: "grid", gap: tokens.spacingVerticalXXS },
  role: { color: tokens.colorNeutralForeground2 },
});

const THEMES: [ThemeChoice, string][] = [["light", "Light"], ["dark", "Dark"], ["system", "As the system"]];

/** Who is signed in, with which roles; the theme; signing out. */
export function AccountMenu({ session }: { session: Session }) {
  const styles = useStyles();
  const router = useRouter();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [theme, setTheme] = useThemeChoice();
  const leaving = useMutation({
    mutationFn: (everywhere: boolean) => signOut(everywhere),
    onError: toasts.failed,
    onSuccess: async () => {
      queries.setQueryData(sessionQuery.queryKey, null);
      await router.navigate({ to: "/sign-in" });
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
    },
  });
  return (
    <InlineMenu
      checkedValues={{ theme: [theme] }}
      onCheckedValueChange={(_, { checkedItems }) => setTheme(checkedItems[0] as ThemeChoice)}
      trigger={<Button appearance="transparent" className={styles.button} aria-label={`Account: ${session.displayName}`}><Avatar size={28} color="brand" aria-hidden /></Button>}
    >
      <div className={styles.who}>
        <Text weight="semibold">{session.displayName}</Text>
        {session.roles.map((role) => (
          <Text key={role.id} size={200} className={styles.role}>
            {role.displayName}
            {role.scope.type === "installation" ? "" : ` of ${role.scope.name ?? role.scope.type}`}
          </Text>
        ))}
      </div>
      <MenuDivider />
      <MenuList>
        <MenuGroup>
          <MenuGroupHeader>Theme</MenuGroupHeader>
          {THEMES.map(([value, label]) => (
            <MenuItemRadio key={value} name="theme" value={value}>{label}</MenuItemRadio>
          ))}
        </MenuGroup>
        <MenuDivider />
        <MenuItem onClick={() => void router.navigate({ to: "/password" })}>Change password</MenuItem>
        <MenuItem onClick={() => leaving.mutate(true)}>Sign out everywhere</MenuItem>
        <MenuItem onClick={() => leaving.mutate(false)}>Sign out</MenuItem>
      </MenuList>
    </InlineMenu>
  );
}
