//! `homeport login`: opens a session at a deployment and keeps it.

use std::io::{BufRead, IsTerminal, Write};

use client::sessions::Kept;
use client::{ClientError, Deployment};
use proto::rest::user::{CreateFirstUser, Login};
use proto::secret::Secret;

use crate::failure::failure;
use crate::global::{Global, parse_url, variable};
use crate::terminal::{print, progress};

/// Options of `login`.
#[derive(clap::Args)]
pub struct Args {
    /// URL of the deployment; without one the last used is asked again.
    #[arg(value_name = "URL")]
    address: Option<String>,
    /// Username of the first account, when the deployment has none yet.
    #[arg(long, env = "CODER_FIRST_USER_USERNAME")]
    first_user_username: Option<String>,
    /// Email of the first account.
    #[arg(long, env = "CODER_FIRST_USER_EMAIL")]
    first_user_email: Option<String>,
    /// Accepted for programs that start `coder`: no token is ever made without being asked for.
    #[arg(long, hide = true)]
    use_token_as_session: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let store = global.store()?;
    let url = match args.address.as_deref().or(global.url.as_deref()).filter(|url| !url.is_empty()) {
        Some(text) => parse_url(text)?,
        None => match store.load().await {
            Ok(Some(session)) => session.url,
            _ => return Err(failure("there is no URL to log in to", "run `homeport login <url>`")),
        },
    };
    let stranger = Deployment::anonymous(url.clone())?;
    stranger.build_info().await?;
    let token = if let Some(token) = global.token.as_deref().filter(|token| !token.is_empty()) {
        Secret::new(token)
    } else if stranger.has_first_user().await? {
        ask_token(&url)?
    } else {
        create_first_user(&stranger, &args).await?
    };
    let me = match Deployment::new(url.clone(), token.clone())?.user("me").await {
        Err(ClientError::Refused(refusal)) if refusal.status == 401 => {
            return Err(failure(
                "the token is not accepted",
                "get a new one from the page `/cli-auth` of the deployment",
            ));
        }
        other => other?,
    };
    let kept = store.save(&url, &token).await?;
    if let Kept::File(path) = &kept {
        progress(&format!("No keyring answers, so the token is kept in {} (readable by you only).", path.display()));
    }
    print(&format!("You are logged in as {} at {}.", me.username, client::error::origin(&url)));
    Ok(0)
}

fn ask_token(url: &url::Url) -> anyhow::Result<Secret> {
    let text = if std::io::stdin().is_terminal() {
        progress(&format!(
            "Open {}/cli-auth in a browser and paste the token it shows.",
            url.as_str().trim_end_matches('/')
        ));
        rpassword::prompt_password("Token: ")?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line
    };
    if text.trim().is_empty() {
        return Err(failure("no token was given", "paste it, pipe it in, or set CODER_SESSION_TOKEN"));
    }
    Ok(Secret::new(text.trim()))
}

async fn create_first_user(deployment: &Deployment, args: &Args) -> anyhow::Result<Secret> {
    progress("This deployment has no account yet: you make its owner now.");
    let username = answer(args.first_user_username.as_deref(), "Username", "--first-user-username")?;
    let email = answer(args.first_user_email.as_deref(), "Email", "--first-user-email")?;
    // Not an option: options are seen by every user of the machine.
    let password = match variable("CODER_FIRST_USER_PASSWORD") {
        Some(password) => password,
        None if std::io::stdin().is_terminal() => {
            let password = rpassword::prompt_password("Password: ")?;
            if rpassword::prompt_password("Again: ")? != password {
                return Err(failure("the passwords differ", "run the command again"));
            }
            password
        }
        None => return Err(failure("there is no password for the first account", "set CODER_FIRST_USER_PASSWORD")),
    };
    let user = CreateFirstUser { email: email.clone(), username, password: password.clone(), ..Default::default() };
    deployment.create_first_user(&user).await?;
    Ok(deployment.log_in(&Login { email, password }).await?)
}

fn answer(given: Option<&str>, question: &str, option: &str) -> anyhow::Result<String> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let missing = || failure(format!("{question} of the first account is missing"), format!("add `{option}`"));
    if !std::io::stdin().is_terminal() {
        return Err(missing());
    }
    let mut to = std::io::stderr().lock();
    write!(to, "{question}: ")?;
    to.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    if line.is_empty() { Err(missing()) } else { Ok(line.to_owned()) }
}
