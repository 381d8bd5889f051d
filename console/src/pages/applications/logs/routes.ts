/** The pages of this area: each is a route below `applicationRoute`, loaded lazily; see ../overview/routes.ts. */
export const logRoutes = [] as const;
