// Starts the pages: theme before the first paint, the cache, the router, and a net under all of it.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { newQueries } from "./data/queries";
import { Announcements, announce } from "./look/announce";
import { applyTheme, readTheme } from "./look/theme";
import { Net } from "./look/trouble";
import { newRouter } from "./routes";
import { app, isApp, settleInApp } from "./transport/app";
import { setTransport } from "./transport/transport";

applyTheme(readTheme());
if (isApp()) {
  setTransport(app);
  settleInApp(announce);
}
const queries = newQueries();
const router = newRouter(queries);

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Net isRoot>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
        <Announcements />
      </QueryClientProvider>
    </Net>
  </StrictMode>,
);
