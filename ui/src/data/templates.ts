// Templates, their versions and the parameters that a workspace of one is asked for.
import { queryOptions } from "@tanstack/react-query";
import { server } from "../transport/transport";
import type { RichParameter, Template, TemplateVersion } from "../wire/rest";
import { keys } from "./queries";

export const templates = queryOptions({
  queryKey: keys.templates,
  queryFn: ({ signal }) => server.call<Template[]>("GET", "/templates", undefined, signal),
});

export const template = (name: string) =>
  queryOptions({
    queryKey: keys.template(name),
    queryFn: ({ signal }) => server.call<Template>("GET", `/organizations/default/templates/${encodeURIComponent(name)}`, undefined, signal),
  });

export const versions = (template: string) =>
  queryOptions({
    queryKey: keys.versions(template),
    queryFn: ({ signal }) => server.call<TemplateVersion[]>("GET", `/templates/${template}/versions`, undefined, signal),
  });

export const parameters = (version: string) =>
  queryOptions({
    queryKey: keys.parameters(version),
    queryFn: ({ signal }) => server.call<RichParameter[]>("GET", `/templateversions/${version}/rich-parameters`, undefined, signal),
  });
