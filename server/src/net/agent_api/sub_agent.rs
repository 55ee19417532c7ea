//! Sub-daemons: made, listed and deleted by the daemon they belong to (spec `agent-rpc.md` 5.3).
//!
//! Their tokens follow from a key of the server and their id, so that a list can carry them and the store need not.

#[cfg(test)]
mod tests;

use hmac::{Hmac, Mac};
use proto::agent::{
    AppCreationError, CreateSubAgentRequest, CreateSubAgentResponse, DeleteSubAgentRequest, DeleteSubAgentResponse,
    DisplayApp, ListSubAgentsRequest, ListSubAgentsResponse, OpenIn, SubAgent, SubAgentApp, SubAgentAppShare,
};
use proto::id::{AgentId, AppId};
use rpc::RpcError;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::service::{AgentService, of_store, refuse};
use crate::state::Event;
use crate::store::sub_agents::{self, NewApp, NewSubAgent};
use crate::store::{StoreError, now};
use crate::token;

/// Longest name of a sub-daemon: it becomes a part of host names.
const MAX_NAME: usize = 64;
/// Most apps of one sub-daemon.
const MAX_APPS: usize = 64;
/// Longest text of an app or a directory.
const MAX_TEXT: usize = 4096;

impl AgentService {
    pub(super) async fn create_sub_agent(
        &self,
        request: CreateSubAgentRequest,
    ) -> Result<CreateSubAgentResponse, RpcError> {
        let chosen = match request.id.as_deref() {
            None | Some([]) => None,
            Some(bytes) => Some(AgentId::from_wire(bytes).map_err(|error| refuse(error.to_string()))?),
        };
        if chosen.is_none() && !is_name(&request.name) {
            return Err(refuse("a sub-daemon's name must be letters and digits with single dashes between them"));
        }
        if request.apps.len() > MAX_APPS || request.directory.len() > MAX_TEXT {
            return Err(refuse("too many apps, or too long a directory"));
        }
        let id = chosen.unwrap_or_else(|| AgentId(Uuid::new_v4()));
        let token = self.sub_token(id)?;
        let mut new = NewSubAgent {
            id,
            name: request.name,
            token_hash: token::agent_hash(&token.to_string()),
            directory: request.directory,
            architecture: request.architecture,
            operating_system: request.operating_system,
            display_apps: request.display_apps.iter().filter_map(|app| word_of_app(*app)).collect(),
        };
        let parent = self.agent.id;
        let apps = request.apps;
        let stored = self.state.store.write(move |db| {
            if chosen.is_some() {
                new.name = sub_agents::update(db, parent, id, &new, now())?;
            } else {
                sub_agents::create(db, parent, &new, now())?;
            }
            let mut errors = Vec::new();
            for (index, app) in (0_i32..).zip(&apps) {
                match check_app(&new.name, app) {
                    Err((field, error)) => errors.push(AppCreationError { index, field, error }),
                    Ok(app) => match sub_agents::add_app(db, id, AppId(Uuid::new_v4()), &app) {
                        Ok(()) => {}
                        Err(StoreError::Taken(_)) => errors.push(AppCreationError {
                            index,
                            field: Some("slug".into()),
                            error: "the slug is already taken".into(),
                        }),
                        Err(other) => return Err(other),
                    },
                }
            }
            Ok((new.name, errors))
        });
        let (name, app_creation_errors) = stored.await.map_err(of_store)?;
        self.tell_workspace();
        let agent = SubAgent { name, id: id.to_wire(), auth_token: token.as_bytes().to_vec() };
        Ok(CreateSubAgentResponse { agent: Some(agent), app_creation_errors })
    }

    pub(super) async fn delete_sub_agent(
        &self,
        request: DeleteSubAgentRequest,
    ) -> Result<DeleteSubAgentResponse, RpcError> {
        let id = AgentId::from_wire(&request.id).map_err(|error| refuse(error.to_string()))?;
        let parent = self.agent.id;
        self.state.store.write(move |db| sub_agents::delete(db, parent, id)).await.map_err(of_store)?;
        self.state.events.send(Event::AgentRetired { agent: id });
        self.tell_workspace();
        Ok(DeleteSubAgentResponse {})
    }

    pub(super) async fn list_sub_agents(&self, _: ListSubAgentsRequest) -> Result<ListSubAgentsResponse, RpcError> {
        let parent = self.agent.id;
        let found = self.state.store.read(move |db| sub_agents::list(db, parent)).await.map_err(of_store)?;
        let agents = found.into_iter().map(|(id, name)| {
            Ok(SubAgent { name, id: id.to_wire(), auth_token: self.sub_token(id)?.as_bytes().to_vec() })
        });
        Ok(ListSubAgentsResponse { agents: agents.collect::<Result<_, RpcError>>()? })
    }

    fn sub_token(&self, id: AgentId) -> Result<Uuid, RpcError> {
        let key = &self.state.net.keys().ok_or_else(|| refuse("the server is starting"))?.sub_daemon;
        derive_token(key, id).ok_or_else(|| refuse("the server has no key for sub-daemons"))
    }
}

/// 16 bytes that only who has the key can know.
fn derive_token(key: &[u8], id: AgentId) -> Option<Uuid> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    mac.update(b"token of a sub-daemon\0");
    mac.update(id.0.as_bytes());
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    let (half, _) = digest.split_first_chunk::<16>()?;
    Some(uuid::Builder::from_random_bytes(*half).into_uuid())
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The slug under which an app of a sub-daemon is stored: two containers may both have a `code-server`.
pub(super) fn stored_slug(agent: &str, slug: &str) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let digest = Sha256::digest(format!("{agent}/{slug}").as_bytes());
    let bits = digest.iter().take(5).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let prefix: String = (0..8)
        .rev()
        .map(|digit| char::from(DIGITS[usize::try_from(bits >> (5 * digit) & 31).unwrap_or_default()]))
        .collect();
    format!("{prefix}-{slug}")
}

fn check_app(agent: &str, app: &SubAgentApp) -> Result<NewApp, (Option<String>, String)> {
    if !is_name(&app.slug) {
        return Err((Some("slug".into()), "must be letters and digits with single dashes between them".into()));
    }
    let texts = [&app.command, &app.display_name, &app.group, &app.icon, &app.url];
    if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
        return Err((None, format!("a text is longer than {MAX_TEXT} bytes")));
    }
    let sharing_level = match app.share.map(SubAgentAppShare::try_from) {
        None | Some(Ok(SubAgentAppShare::Owner)) => "owner",
        Some(Ok(SubAgentAppShare::Authenticated)) => "authenticated",
        Some(Ok(SubAgentAppShare::Public)) => "public",
        Some(Ok(SubAgentAppShare::Organization)) => "organization",
        Some(Err(_)) => return Err((Some("share".into()), "is not a known level".into())),
    };
    let open_in = match app.open_in.map(OpenIn::try_from) {
        Some(Ok(OpenIn::Tab)) => "tab",
        _ => "slim-window",
    };
    let check = app.healthcheck.clone().unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Ok(NewApp {
        slug: stored_slug(agent, &app.slug),
        display_name: text(&app.display_name),
        icon: text(&app.icon),
        command: text(&app.command),
        url: text(&app.url),
        external: app.external.unwrap_or_default(),
        subdomain: app.subdomain.unwrap_or_default(),
        sharing_level,
        healthcheck: (check.url, check.interval, check.threshold),
        group: text(&app.group),
        hidden: app.hidden.unwrap_or_default(),
        open_in,
    })
}

fn word_of_app(app: i32) -> Option<&'static str> {
    Some(match DisplayApp::try_from(app).ok()? {
        DisplayApp::Vscode => "vscode",
        DisplayApp::VscodeInsiders => "vscode_insiders",
        DisplayApp::WebTerminal => "web_terminal",
        DisplayApp::SshHelper => "ssh_helper",
        DisplayApp::PortForwardingHelper => "port_forwarding_helper",
    })
}
