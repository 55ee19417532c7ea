//! `homeport create`: makes a workspace from a template.

use std::io::{BufRead, IsTerminal, Write};

use client::Deployment;
use proto::rest::build::BuildParameter;
use proto::rest::template::{RichParameter, Template};
use proto::rest::workspace::CreateWorkspace;

use crate::failure::failure;
use crate::global::Global;
use crate::target::Target;
use crate::terminal::{confirm, harmless, print, progress};
use crate::{build, follow};

/// Options of `create`.
#[derive(clap::Args)]
pub struct Args {
    /// Name of the new workspace, as `[owner/]name`.
    workspace: String,
    /// The template; asked for when there are several.
    #[arg(short, long, env = "CODER_TEMPLATE_NAME")]
    template: Option<String>,
    /// A parameter of the template, as `name=value`; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Stop it this many hours after its start.
    #[arg(long, value_name = "HOURS")]
    stop_after: Option<u32>,
    /// Do not wait for the end of the build.
    #[arg(long)]
    no_wait: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse(&args.workspace)?;
    if target.agent.is_some() {
        return Err(failure(format!("`{target}` is not a name for a workspace"), "choose one without a dot"));
    }
    let deployment = global.deployment().await?;
    let template = choose_template(deployment.templates().await?, args.template.as_deref())?;
    let parameters = parameters(&deployment, &template, &args).await?;
    if !args.yes && std::io::stdin().is_terminal() {
        let question = format!("Create {target} from the template {}?", harmless(&template.name));
        if !confirm(&question)? {
            return Err(failure("nothing was created", "answer yes to create"));
        }
    }
    let wanted = CreateWorkspace {
        template_id: Some(template.id),
        name: target.workspace.clone(),
        ttl_ms: args.stop_after.map(|hours| i64::from(hours) * 3_600_000),
        rich_parameter_values: parameters,
        ..CreateWorkspace::default()
    };
    let workspace = deployment.create_workspace(target.owner_or_me(), &wanted).await?;
    if args.no_wait {
        print(&format!("The build of {target} is queued."));
        return Ok(0);
    }
    follow::to_end(&deployment, &workspace.latest_build).await?;
    print(&format!("{target} is created. Connect with: homeport ssh {target}"));
    Ok(0)
}

fn choose_template(mut templates: Vec<Template>, wanted: Option<&str>) -> anyhow::Result<Template> {
    let names = templates.iter().map(|template| harmless(&template.name)).collect::<Vec<_>>();
    if let Some(wanted) = wanted {
        let found = templates.into_iter().find(|template| template.name == wanted);
        return found.ok_or_else(|| failure(format!("there is no template `{wanted}`"), choices(&names)));
    }
    match templates.len() {
        0 => Err(failure("the deployment has no template", "make one on its dashboard first")),
        1 => Ok(templates.remove(0)),
        _ if std::io::stdin().is_terminal() => {
            for (number, template) in templates.iter().enumerate() {
                progress(&format!("{}. {}  {}", number + 1, template.name, template.description));
            }
            let answer = ask("Template (number)", None)?;
            let chosen = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match chosen.filter(|index| *index < templates.len()) {
                Some(index) => Ok(templates.remove(index)),
                None => Err(failure(format!("there is no template number `{answer}`"), choices(&names))),
            }
        }
        _ => Err(failure("there are several templates", format!("add `--template <name>`: {}", names.join(", ")))),
    }
}

fn choices(names: &[String]) -> String {
    if names.is_empty() {
        "make one on the dashboard first".into()
    } else {
        format!("choose from {}", names.join(", "))
    }
}

/// The values that were given, and answers for what the template still needs.
async fn parameters(deployment: &Deployment, template: &Template, args: &Args) -> anyhow::Result<Vec<BuildParameter>> {
    let mut given = build::parameters(&args.parameters)?;
    let asked = deployment.rich_parameters(template.active_version_id).await?;
    for parameter in &asked {
        if given.iter().any(|value| value.name == parameter.name) || parameter.ephemeral {
            continue;
        }
        let is_needed = parameter.required && parameter.default_value.is_empty();
        if !is_needed && (args.yes || !std::io::stdin().is_terminal()) {
            continue;
        }
        given.push(BuildParameter { name: parameter.name.clone(), value: answer(parameter)? });
    }
    Ok(given)
}

fn answer(parameter: &RichParameter) -> anyhow::Result<String> {
    let name = harmless(&parameter.name);
    if !std::io::stdin().is_terminal() {
        return Err(failure(format!("the template needs the parameter {name}"), format!("add `--parameter {name}=…`")));
    }
    if !parameter.description_plaintext.is_empty() {
        progress(&parameter.description_plaintext);
    }
    for option in &parameter.options {
        progress(&format!("  {}  {}", option.value, option.name));
    }
    ask(&name, Some(parameter.default_value.as_str()).filter(|value| !value.is_empty()))
}

fn ask(question: &str, default: Option<&str>) -> anyhow::Result<String> {
    let mut to = std::io::stderr().lock();
    match default {
        Some(default) => write!(to, "{question} [{}]: ", harmless(default))?,
        None => write!(to, "{question}: ")?,
    }
    to.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    Ok(if line.is_empty() { default.unwrap_or_default().to_owned() } else { line.to_owned() })
}
