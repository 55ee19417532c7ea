// A new workspace of a template. A link may fill the form in; only a person sends it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { parameters, template } from "../data/templates";
import { changed, create } from "../data/workspaces";
import { announce } from "../look/announce";
import { Button } from "../look/button";
import { Field } from "../look/field";
import { Head, Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { nameFault } from "../rules/name";
import { fault, firstValues, fromLink } from "../rules/parameter";
import { asFailure } from "../transport/failure";
import type { RichParameter, Template } from "../wire/rest";
import { ParameterField } from "./parameter_field";

export function Create() {
  const { template: name = "" } = useParams({ strict: false });
  const found = useQuery(template(name));
  const asked = useQuery({ ...parameters(found.data?.active_version_id ?? ""), enabled: found.data !== undefined });
  const failure = found.error ?? asked.error;
  if (failure) return <><Head name="New workspace" title="New workspace" /><Trouble failure={failure} title={`The template ${name} could not be read`} retry={() => { void found.refetch(); void asked.refetch(); }} /></>;
  if (!found.data || !asked.data) return <Panel><Waiting what="the form" /></Panel>;
  return <Form key={found.data.active_version_id} one={found.data} asked={asked.data.filter((one) => !one.ephemeral)} />;
}

function Form({ one, asked }: { one: Template; asked: RichParameter[] }) {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const link = fromLink(search);
  const isFilled = Object.keys(link).length > 0 || typeof search.name === "string";
  const [name, setName] = useState(typeof search.name === "string" ? search.name : "");
  const [values, setValues] = useState(() => firstValues(asked, link));
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();

  const faults = asked.map((parameter) => fault(parameter, values[parameter.name] ?? ""));
  const said = (at: number) => (isTried || isFilled ? faults[at] : undefined);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (nameFault(name) || faults.some(Boolean)) {
      const form = event.currentTarget;
      // The first wrong field is drawn first.
      requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    setBusy(true);
    setFailure(undefined);
    try {
      const made = await create({ template_id: one.id, name, rich_parameter_values: Object.entries(values).map(([key, value]) => ({ name: key, value })) });
      announce(`${made.name} is being made.`);
      await changed(queries);
      await navigate({ to: "/@{$owner}/$name", params: { owner: made.owner_name, name: made.name } });
    } catch (thrown) {
      setFailure(thrown);
      setBusy(false);
    }
  };
  const known = failure === undefined ? undefined : asFailure(failure);
  return (
    <div className="mx-auto max-w-2xl">
      <Head name="New workspace" title={`New workspace of ${one.display_name || one.name}`} under={one.description} />
      <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-4">
        {isFilled && (
          <p role="note" className="rounded-lg border border-line bg-warn-soft p-3">
            A link filled this form in. Look at the values before you create the workspace; nothing is made until you do.
          </p>
        )}
        <Panel title="Workspace">
          <Field label="Name" required autoComplete="off" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} fault={(isTried || name !== "" ? nameFault(name) : undefined) ?? known?.about("name")} hint="Letters, digits and single dashes; it becomes part of the host name." />
        </Panel>
        {asked.length > 0 && (
          <Panel title="Parameters">
            <div className="grid gap-5">
              {asked.map((parameter, at) => (
                <ParameterField key={parameter.name} one={parameter} value={values[parameter.name] ?? ""} fault={said(at)} isFromLink={parameter.name in link} change={(value) => setValues({ ...values, [parameter.name]: value })} />
              ))}
            </div>
          </Panel>
        )}
        {failure !== undefined && <Trouble failure={failure} title="The workspace was not made" />}
        <div className="flex gap-2">
          <Button type="submit" weight="primary" isBusy={isBusy}>Create the workspace</Button>
          <Button weight="quiet" onClick={() => history.back()}>Back</Button>
        </div>
      </form>
    </div>
  );
}
