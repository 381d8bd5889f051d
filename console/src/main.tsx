import { createDOMRenderer, RendererProvider } from "@fluentui/react-components";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { queryClient } from "./api/queries";
import { router } from "./router";
import { followServer } from "./shell/connection";
import { ThemeProvider } from "./shell/theme";

// Fluent makes style elements, which the page's policy takes only with the nonce of this answer.
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
const renderer = createDOMRenderer(document, nonce ? { styleElementAttributes: { nonce } } : {});

followServer(router, queryClient);

createRoot(document.getElementById("console")!).render(
  <StrictMode>
    <RendererProvider renderer={renderer}>
      <ThemeProvider>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </ThemeProvider>
    </RendererProvider>
  </StrictMode>,
);
