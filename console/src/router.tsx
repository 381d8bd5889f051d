import { createRouter } from "@tanstack/react-router";

import { accountRoutes } from "./pages/account/routes";
import { administratorRoutes } from "./pages/administrators/routes";
import { applicationRoutes } from "./pages/applications/routes";
import { auditRoutes } from "./pages/audit/routes";
import { groupRoutes } from "./pages/groups/routes";
import { importRoutes } from "./pages/imports/routes";
import { provisioningLogRoutes } from "./pages/logs/routes";
import { overviewRoutes } from "./pages/overview/routes";
import { providerRoutes } from "./pages/provider/routes";
import { signInRoutes } from "./pages/sign-in/routes";
import { userRoutes } from "./pages/users/routes";
import { NotFound } from "./parts/NotFound";
import { ErrorState } from "./parts/ErrorState";
import { rootRoute, shellRoute } from "./shell/routes";

const tree = rootRoute.addChildren([
  ...signInRoutes,
  shellRoute.addChildren([
    ...overviewRoutes,
    ...userRoutes,
    ...groupRoutes,
    ...importRoutes,
    ...applicationRoutes,
    ...provisioningLogRoutes,
    ...auditRoutes,
    ...administratorRoutes,
    ...accountRoutes,
    ...providerRoutes,
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: "/console",
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} retry={reset} />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
