//! What a first start writes: organization, built-in templates, the account of the person at this computer, and the
//! session file by which the local command line finds the server. Later starts find it all there.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use proto::id::{JobId, OrganizationId, TemplateId, TemplateVersionId, UserId, WorkspaceId};
use proto::rest::build::{BuildReason, Transition};
use proto::rest::key::KeyScope;
use proto::rest::user::LoginType;
use proto::rest::workspace::AutomaticUpdates;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::builds::provision::{EXTERNAL, PROCESS, THIS_COMPUTER};
use crate::builds::{self, Order};
use crate::config::Config;
use crate::store::templates::{self, BuiltIn};
use crate::store::users::NewUser;
use crate::store::workspaces::{self, NewWorkspace};
use crate::store::{Store, StoreError, keys, now, organizations, settings, users};
use crate::token::NewKey;

/// Name of the session file in the data folder.
pub const LOCAL_SESSION: &str = "local-session.json";
/// How long the local session lasts; a start renews it when less than half is left.
const LOCAL_LIFETIME: time::Duration = time::Duration::days(365);

/// What the session file says.
#[derive(Clone, Serialize, Deserialize)]
pub struct LocalSession {
    pub url: String,
    /// Secret: the file is readable for its owner only.
    pub token: String,
    pub pid: u32,
}

/// Writes what must be there; returns the deployment's id.
///
/// # Errors
/// The store's.
pub async fn seed(store: &Store, config: &Config) -> Result<Uuid, StoreError> {
    let local = if config.local_user && config.listen.ip().is_loopback() { Some(local_account()?) } else { None };
    let workspace = config.first_workspace.clone();
    let write = store.write(move |db| {
        if let Some(id) = settings::get(db, "deployment_id")? {
            add_templates(db)?;
            return id.parse().map_err(|_| StoreError::Value("deployment_id"));
        }
        let (deployment, organization, now) = (Uuid::new_v4(), OrganizationId(Uuid::new_v4()), now());
        settings::set(db, "deployment_id", &deployment.to_string())?;
        organizations::insert_default(db, organization, now)?;
        for template in built_in() {
            templates::insert_built_in(db, &template, JobId(Uuid::new_v4()), organization, now)?;
        }
        let Some(local) = local else { return Ok(deployment) };
        users::insert_first(db, &local, now)?;
        settings::set(db, "local_user", &local.id.to_string())?;
        if let Some(name) = workspace {
            first_workspace(db, local.id, organization, name)?;
        }
        Ok(deployment)
    });
    write.await
}

/// Templates that came with a later version than the one that made the folder.
fn add_templates(db: &crate::store::Db) -> Result<(), StoreError> {
    let organization = organizations::find(db, "default")?.id;
    for template in built_in() {
        match templates::by_name(db, organization, template.name) {
            Err(StoreError::NotFound) => {
                templates::insert_built_in(db, &template, JobId(Uuid::new_v4()), organization, now())?;
            }
            Ok(_) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Writes the session file of the local account; keeps its token while that is good. Nothing without such an account.
///
/// # Errors
/// The store's, or [`StoreError::Conflict`] with a sentence when the file cannot be written.
pub async fn write_local_session(store: &Store, folder: &Path, url: &str) -> Result<(), StoreError> {
    let Some(user) = store.read(|db| settings::get(db, "local_user")).await? else { return Ok(()) };
    let user: UserId = user.parse().map_err(|_| StoreError::Value("local_user"))?;
    let file = folder.join(LOCAL_SESSION);
    let before = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<LocalSession>(&text).ok());
    let token = match before {
        Some(session) if is_good(store, &session.token).await? => session.token,
        _ => new_local_key(store, user).await?,
    };
    let session = LocalSession { url: url.to_owned(), token, pid: std::process::id() };
    write_private(&file, &session)
        .map_err(|error| StoreError::Conflict(format!("the local session file could not be written: {error}")))
}

async fn is_good(store: &Store, token: &str) -> Result<bool, StoreError> {
    let Some((id, hash)) = crate::token::split(token) else { return Ok(false) };
    match store.read(move |db| keys::with_user(db, &id)).await {
        Ok(key) => {
            let is_right = bool::from(subtle::ConstantTimeEq::ct_eq(&key.hash[..], &hash[..]));
            Ok(is_right && key.user.expires_at.0 - now().0 > LOCAL_LIFETIME / 2)
        }
        Err(StoreError::NotFound) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn new_local_key(store: &Store, user: UserId) -> Result<String, StoreError> {
    let drawn = NewKey::draw().map_err(no_randomness)?;
    let token = drawn.token.expose().to_owned();
    let write = store.write(move |db| {
        let now = now();
        if let Some(before) = settings::get(db, "local_key")? {
            match keys::delete(db, user, &before) {
                Ok(()) | Err(StoreError::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        settings::set(db, "local_key", &drawn.id)?;
        let key = keys::NewKey {
            id: drawn.id,
            hash: drawn.hash,
            user,
            login_type: LoginType::Password,
            scope: KeyScope::All,
            token_name: String::new(),
            lifetime_seconds: LOCAL_LIFETIME.whole_seconds(),
            expires_at: (now.0 + LOCAL_LIFETIME).into(),
            bound_to: None,
        };
        keys::insert(db, &key, now)
    });
    write.await?;
    Ok(token)
}

/// Old or new, never half.
fn write_private(file: &Path, session: &LocalSession) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    let mut open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    open.write_all(&serde_json::to_vec_pretty(session)?)?;
    open.sync_all()?;
    std::fs::rename(&beside, file)
}

fn first_workspace(
    db: &crate::store::Db,
    owner: UserId,
    organization: OrganizationId,
    name: String,
) -> Result<(), StoreError> {
    let template = templates::by_name(db, organization, THIS_COMPUTER)?;
    let workspace = WorkspaceId(Uuid::new_v4());
    let new = NewWorkspace {
        id: workspace,
        owner,
        organization,
        template: template.id,
        name,
        autostart_schedule: None,
        ttl_ms: None,
        automatic_updates: AutomaticUpdates::Never,
    };
    workspaces::insert(db, &new, now())?;
    let order = Order {
        workspace,
        version: template.active_version_id,
        transition: Transition::Start,
        reason: BuildReason::Initiator,
        initiator: Some(owner),
        parameters: Vec::new(),
    };
    builds::order(db, order).map(|_| ())
}

fn local_account() -> Result<NewUser, StoreError> {
    let username = sanitize(&os_user());
    Ok(NewUser {
        id: UserId(Uuid::new_v4()),
        email: format!("{username}@localhost.localdomain"),
        name: String::new(),
        password_hash: crate::password::impossible().map_err(no_randomness)?,
        login_type: LoginType::Password,
        is_owner: true,
        username,
    })
}

/// The name of the user who runs the server, from the environment or the account file; no library call, because a static
/// binary cannot load what those need.
fn os_user() -> String {
    let uid = nix::unistd::geteuid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut lines = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let named = lines.find(|fields| fields.get(2) == Some(&uid.as_str())).and_then(|fields| fields.first().copied());
    named.map(str::to_owned).or_else(|| std::env::var("USER").ok()).unwrap_or_default()
}

/// Names match `[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*` and have at most 32 characters.
fn sanitize(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-");
    name.truncate(32);
    match name.trim_end_matches('-') {
        "" => "owner".into(),
        name => name.into(),
    }
}

fn no_randomness(_: std::io::Error) -> StoreError {
    StoreError::Conflict("the operating system gives no randomness".into())
}

fn built_in() -> [BuiltIn; 3] {
    [
        BuiltIn {
            id: TemplateId(Uuid::new_v4()),
            version: TemplateVersionId(Uuid::new_v4()),
            name: THIS_COMPUTER,
            display_name: "This computer",
            description: "The computer on which this server runs, as your own user, in your own home folder.",
            icon: "/icon/desktop.svg",
            readme: "A workspace daemon runs as you, in your home folder. Stopping the workspace ends the daemon and \
                     what was started through it; your files are never touched, also not when it is deleted.",
        },
        BuiltIn {
            id: TemplateId(Uuid::new_v4()),
            version: TemplateVersionId(Uuid::new_v4()),
            name: PROCESS,
            display_name: "Process",
            description: "A process on this computer with a home folder of its own.",
            icon: "/icon/terminal.svg",
            readme: "A workspace daemon runs as you, with an empty home folder of its own that is kept until the \
                     workspace is deleted. It is no sandbox: what runs in it may read what you may read.",
        },
        BuiltIn {
            id: TemplateId(Uuid::new_v4()),
            version: TemplateVersionId(Uuid::new_v4()),
            name: EXTERNAL,
            display_name: "Another computer",
            description: "A computer that runs its workspace daemon itself: `homeport reachable on` there makes it one.",
            icon: "/icon/desktop.svg",
            readme: "Nothing is started on this server. A build draws a token; the computer that gets it runs \
                     `homeport daemon` and is reached like every workspace. Stopping the workspace makes the token void.",
        },
    ]
}

#[cfg(test)]
mod tests;
