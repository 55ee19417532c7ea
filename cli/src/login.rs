//! `homeport login`: opens a session at a deployment and keeps it.

use std::io::{BufRead, IsTerminal, Read as _, Write};

use client::hand_off::{self, HandOffError};
use client::sessions::Kept;
use client::{ClientError, Deployment};
use proto::rest::user::{CreateFirstUser, Login};
use proto::secret::Secret;

use crate::browser;
use crate::failure::failure;
use crate::global::{Global, parse_url, variable};
use crate::terminal::{print, progress};

/// Longest token that is read, in bytes.
const MAX_TOKEN: u64 = 16 * 1024;

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
    /// Open no browser: ask for a token that the page `/cli-auth` of the deployment shows.
    #[arg(long)]
    no_open: bool,
    /// Read the token from standard input.
    #[arg(long)]
    token_stdin: bool,
    /// Keep the token in a file that only you can read, not in the keyring.
    #[arg(long)]
    keep_in_file: bool,
    /// Accepted for programs that start `coder`: no token is ever made without being asked for.
    #[arg(long, hide = true)]
    use_token_as_session: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let store = global.store()?;
    let url = match args.address.as_deref().or(global.url.as_deref()).filter(|url| !url.is_empty()) {
        Some(text) => parse_url(text)?,
        None => ask_where(store.known()?.into_iter().find(|known| known.is_current).map(|known| known.url))?,
    };
    let stranger = Deployment::anonymous(url.clone())?;
    stranger.build_info().await?;
    let token = if let Some(token) = global.token.as_deref().filter(|token| !token.is_empty()) {
        Secret::new(token)
    } else if stranger.has_first_user().await? {
        match piped_token(&args)? {
            Some(token) => token,
            None => ask(&stranger, &args).await?,
        }
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
    let kept =
        if args.keep_in_file { store.save_in_file(&url, &token).await? } else { store.save(&url, &token).await? };
    if let Kept::File(path) = &kept {
        let why = if args.keep_in_file { "The" } else { "There is no keyring here, so the" };
        progress(&format!("{why} token is kept in {} (readable by you only).", path.display()));
    }
    print(&format!("You are logged in as {} at {}.", me.username, client::error::origin(&url)));
    Ok(0)
}

/// The deployment that a person types; the current one for none.
fn ask_where(current: Option<url::Url>) -> anyhow::Result<url::Url> {
    let missing = || failure("there is no URL to log in to", "run `homeport login <url>`");
    if !std::io::stdin().is_terminal() {
        return current.ok_or_else(missing);
    }
    let mut to = std::io::stderr().lock();
    match &current {
        Some(url) => write!(to, "URL of the deployment (nothing: {}): ", client::error::origin(url))?,
        None => write!(to, "URL of the deployment: ")?,
    }
    to.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().take(MAX_TOKEN).read_line(&mut line)?;
    if line.trim().is_empty() { current.ok_or_else(missing) } else { parse_url(&line) }
}

/// A token from another program; none when nobody pipes one in.
fn piped_token(args: &Args) -> anyhow::Result<Option<Secret>> {
    if std::io::stdin().is_terminal() && !args.token_stdin {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin().lock().take(MAX_TOKEN).read_line(&mut line)?;
    match line.trim() {
        "" if args.token_stdin => Err(failure("standard input holds no token", "pipe it in, in one line")),
        "" => Ok(None),
        token => Ok(Some(Secret::new(token))),
    }
}

/// By the browser where the deployment is one of ours, else by a token that its page shows.
async fn ask(stranger: &Deployment, args: &Args) -> anyhow::Result<Secret> {
    let may_open = !args.no_open && browser::has_desktop();
    if may_open && hand_off::is_offered(stranger).await? {
        return by_browser(stranger).await;
    }
    let page = format!("{}/cli-auth", stranger.url().as_str().trim_end_matches('/'));
    if !std::io::stdin().is_terminal() {
        return Err(failure(
            "no token was given",
            format!("get one from {page}, then pipe it in or set CODER_SESSION_TOKEN"),
        ));
    }
    let token = if may_open && browser::open(&page).await {
        progress(&format!("Opened {page} in the browser. Paste the token it shows."));
        rpassword::prompt_password("Token: ")?
    } else {
        progress(&format!("Open {page} in a browser and paste the token it shows."));
        rpassword::prompt_password("Token: ")?
    };
    if token.trim().is_empty() {
        return Err(failure("no token was given", "paste it, pipe it in, or set CODER_SESSION_TOKEN"));
    }
    Ok(Secret::new(token.trim()))
}

async fn by_browser(stranger: &Deployment) -> anyhow::Result<Secret> {
    let (opened, to_open) = tokio::sync::oneshot::channel::<String>();
    let show = |page: &url::Url, word: &str| {
        progress(&format!(
            "Say yes in the browser, on the page with the letters {word}. (Ctrl-C ends; `--no-open` asks for a token.)"
        ));
        let _ = opened.send(page.to_string());
    };
    let opening = async {
        let Ok(page) = to_open.await else { return };
        if !browser::open(&page).await {
            progress(&format!("No browser could be started. Open this in one on this computer:\n{page}"));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        signed_in = hand_off::sign_in(stranger, show) => match signed_in {
            Ok(signed_in) => Ok(signed_in.token),
            Err(HandOffError::Client(error)) => Err(error.into()),
            Err(error) => Err(failure(client::error::with_causes(&error), "run it again, or with `--no-open`")),
        },
        () = opening => Err(failure("the browser was not waited for", "run it again")),
    }
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
