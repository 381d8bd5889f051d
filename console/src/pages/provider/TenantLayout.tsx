import { makeStyles, Select, Tab, TabList, ToolbarButton, tokens } from "@fluentui/react-components";
import { Delete20Regular, Rename20Regular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { Outlet, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { may, ownTenants, type Session, sessionQuery } from "../../api/session";
import { tenantQuery } from "../../api/tenants";
import { PageHeader } from "../../parts/PageHeader";
import { UnreadPage } from "../../parts/Unread";
import { useNarrow } from "../../shell/narrow";
import { DeleteTenant } from "./DeleteTenant";
import { RenameTenant } from "./RenameTenant";
import { tabAt, tabsOf } from "./tabs";

const useStyles = makeStyles({ tabs: { paddingInline: tokens.spacingHorizontalM }, select: { padding: tokens.spacingHorizontalM } });

const ABOVE = [{ label: "SCIM", to: "/connectors/scim" }];

/** What the pages of a tenant have in common: its name, and the way from one to the other. */
export function TenantLayout() {
  const { data: session } = useQuery(sessionQuery);
  return session ? <Layout session={session} /> : null;
}

function Layout({ session }: { session: Session }) {
  const styles = useStyles();
  const narrow = useNarrow();
  const navigate = useNavigate();
  const { tenant: id } = useParams({ from: "/shell/connectors/scim/$tenant" });
  const base = `/connectors/scim/${id}`;
  const here = useLocation({ select: ({ pathname }) => pathname.slice(pathname.indexOf(base) + base.length).replace(/\/$/, "") });
  const readable = may(session, "read", "tenant");
  const tenant = useQuery({ ...tenantQuery(id), enabled: readable });
  const [asking, setAsking] = useState<"rename" | "delete">();
  if (readable && !tenant.data) return <UnreadPage title="Tenant" above={ABOVE} of={tenant} what="the tenant" />;
  const name = tenant.data?.name ?? ownTenants(session).find((own) => own.id === id)?.name ?? id;
  const tabs = tabsOf(session);
  const go = (path: string) => void navigate({ to: `${base}${path}` as "/" });
  const close = () => setAsking(undefined);
  return (
    <>
      <PageHeader
        title={name}
        above={ABOVE}
        commands={
          may(session, "write", "tenant") && (
            <>
              <ToolbarButton icon={<Rename20Regular />} onClick={() => setAsking("rename")}>Rename</ToolbarButton>
              {may(session, "write", "tenants") && <ToolbarButton icon={<Delete20Regular />} onClick={() => setAsking("delete")}>Delete</ToolbarButton>}
            </>
          )
        }
      />
      {narrow ? (
        <div className={styles.select}>
          <Select aria-label="Part of the tenant" value={tabAt(here)} onChange={(_, { value }) => go(value)}>
            {tabs.map(({ path, label }) => <option key={path} value={path}>{label}</option>)}
          </Select>
        </div>
      ) : (
        <TabList className={styles.tabs} selectedValue={tabAt(here)} onTabSelect={(_, { value }) => go(value as string)}>
          {tabs.map(({ path, label }) => <Tab key={path} value={path}>{label}</Tab>)}
        </TabList>
      )}
      <Outlet />
      {asking === "rename" && tenant.data && <RenameTenant tenant={tenant.data} onClose={close} />}
      {asking === "delete" && tenant.data && <DeleteTenant tenant={tenant.data} onClose={close} onDeleted={() => navigate({ to: "/connectors/scim" })} />}
    </>
  );
}
