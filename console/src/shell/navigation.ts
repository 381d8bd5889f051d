import { type Area, may, type Session } from "../api/session";
import { applicationLinks } from "../pages/applications/links";
import { administratorLinks } from "../pages/administrators/links";
import { auditLinks } from "../pages/audit/links";
import { groupLinks } from "../pages/groups/links";
import { provisioningLogLinks } from "../pages/logs/links";
import { overviewLinks } from "../pages/overview/links";
import { providerLinks } from "../pages/provider/links";
import { userLinks } from "../pages/users/links";

/** An entry of the navigation. */
export interface NavigationLink {
  label: string;
  /** The path below `/console`. */
  to: string;
  /** What one has to be able to read, one of these at least. */
  area: Area | Area[];
}

const IDENTITY: NavigationLink[] = [...overviewLinks, ...userLinks, ...groupLinks, ...applicationLinks, ...provisioningLogLinks, ...auditLinks, ...administratorLinks];

/** The identity side, as far as somebody may see it. */
export function identityLinks(session: Session): NavigationLink[] {
  return IDENTITY.filter((link) => isReadable(session, link));
}

/** The service provider's side, under Admin > Connectors > Directory Synchronization. */
export function connectorLinks(session: Session): NavigationLink[] {
  return providerLinks.filter((link) => isReadable(session, link));
}

function isReadable(session: Session, { area }: NavigationLink): boolean {
  return [area].flat().some((one) => may(session, "read", one));
}

/** The first page that somebody may read; the one of their own account where there is no other. */
export function homeOf(session: Session): string {
  return identityLinks(session)[0]?.to ?? connectorLinks(session)[0]?.to ?? "/password";
}
