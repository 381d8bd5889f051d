import { type Area, may, type Session } from "../api/session";
import { applicationLinks } from "../pages/applications/links";
import { auditLinks } from "../pages/audit/links";
import { groupLinks } from "../pages/groups/links";
import { overviewLinks } from "../pages/overview/links";
import { providerLinks } from "../pages/provider/links";
import { userLinks } from "../pages/users/links";

/** An entry of the navigation. */
export interface NavigationLink {
  label: string;
  /** The path below `/console`. */
  to: string;
  /** What one has to be able to read. */
  area: Area;
}

const IDENTITY: NavigationLink[] = [...overviewLinks, ...userLinks, ...groupLinks, ...applicationLinks, ...auditLinks];

/** The identity side, as far as somebody may see it. */
export function identityLinks(session: Session): NavigationLink[] {
  return IDENTITY.filter((link) => may(session, "read", link.area));
}

/** The service provider's side, under Admin > Connectors > Directory Synchronization. */
export function connectorLinks(session: Session): NavigationLink[] {
  return providerLinks.filter((link) => may(session, "read", link.area));
}
