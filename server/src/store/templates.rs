//! Tables `templates` and `template_versions`.

use std::collections::BTreeMap;

use proto::id::{OrganizationId, TemplateId, TemplateVersionId};
use proto::rest::Time;
use proto::rest::job::JobType;
use proto::rest::template::{AutostartRequirement, BuildTime, Template};
use proto::rest::template_version::{MinimalUser, TemplateVersion};
use rusqlite::{Row, params};

use super::{Column as _, Db, Result, jobs};
use crate::builds::provision::EXTERNAL;

/// A template that comes with the server.
pub struct BuiltIn {
    pub id: TemplateId,
    pub version: TemplateVersionId,
    pub name: &'static str,
    pub display_name: &'static str,
    pub description: &'static str,
    pub icon: &'static str,
    pub readme: &'static str,
}

/// All templates.
///
/// # Errors
/// The store's.
pub fn all(db: &Db) -> Result<Vec<Template>> {
    let mut find = db.prepare_cached(&format!("{SELECT} WHERE t.deleted = 0 ORDER BY t.name"))?;
    find.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
}

/// One template.
///
/// # Errors
/// [`super::StoreError::NotFound`], or the store's.
pub fn by_id(db: &Db, id: TemplateId) -> Result<Template> {
    let mut find = db.prepare_cached(&format!("{SELECT} WHERE t.id = ?1"))?;
    find.query_row([id.to_string()], |row| Ok(read(row)))?
}

/// By its name in an organization.
///
/// # Errors
/// [`super::StoreError::NotFound`], or the store's.
pub fn by_name(db: &Db, organization: OrganizationId, name: &str) -> Result<Template> {
    let mut find =
        db.prepare_cached(&format!("{SELECT} WHERE t.organization_id = ?1 AND t.name = ?2 AND t.deleted = 0"))?;
    find.query_row([organization.to_string().as_str(), name], |row| Ok(read(row)))?
}

/// One version.
///
/// # Errors
/// [`super::StoreError::NotFound`], or the store's.
pub fn version(db: &Db, id: TemplateVersionId) -> Result<TemplateVersion> {
    let mut find = db.prepare_cached(
        "SELECT v.*, u.username, t.name AS template_name FROM template_versions v
         LEFT JOIN users u ON u.id = v.created_by LEFT JOIN templates t ON t.id = v.template_id WHERE v.id = ?1",
    )?;
    let (version, job) = find.query_row([id.to_string()], |row| Ok(read_version(row)))??;
    Ok(TemplateVersion { job: jobs::by_id(db, job)?, ..version })
}

/// The versions of a template, newest first.
///
/// # Errors
/// The store's.
pub fn versions(db: &Db, template: TemplateId) -> Result<Vec<TemplateVersion>> {
    let mut find = db.prepare_cached(
        "SELECT v.*, u.username, t.name AS template_name FROM template_versions v
         LEFT JOIN users u ON u.id = v.created_by LEFT JOIN templates t ON t.id = v.template_id
         WHERE v.template_id = ?1 ORDER BY v.created_at DESC",
    )?;
    let rows = find.query_map([template.to_string()], |row| Ok(read_version(row)))?;
    let versions: Vec<_> = rows.map(|row| row?).collect::<Result<_>>()?;
    let with_job = |(version, job)| Ok(TemplateVersion { job: jobs::by_id(db, job)?, ..version });
    versions.into_iter().map(with_job).collect()
}

/// Writes a template that comes with the server, with its one version and the job that never had to run.
///
/// # Errors
/// The store's.
pub fn insert_built_in(
    db: &Db,
    template: &BuiltIn,
    job: proto::id::JobId,
    organization: OrganizationId,
    now: Time,
) -> Result<()> {
    let (id, version, at) = (template.id.to_string(), template.version.to_string(), now.unix_micros());
    let organization = organization.to_string();
    db.execute(
        "INSERT INTO templates (id, organization_id, name, display_name, description, icon, provisioner,
                                active_version_id, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'builtin', ?7, ?8, ?8)",
        params![
            id,
            organization,
            template.name,
            template.display_name,
            template.description,
            template.icon,
            version,
            at
        ],
    )?;
    db.execute(
        "INSERT INTO jobs (id, organization_id, kind, status, created_at, started_at, completed_at, updated_at)
         VALUES (?1, ?2, ?3, 'succeeded', ?4, ?4, ?4, ?4)",
        params![job.to_string(), organization, JobType::TemplateVersionImport.as_str(), at],
    )?;
    db.execute(
        "INSERT INTO template_versions (id, template_id, organization_id, job_id, name, message, readme, created_at,
                                        updated_at)
         VALUES (?1, ?2, ?3, ?4, 'built-in', 'Comes with the server.', ?5, ?6, ?6)",
        params![version, id, organization, job.to_string(), template.readme, at],
    )?;
    Ok(())
}

const SELECT: &str = "SELECT t.*, o.name AS organization_name, o.display_name AS organization_display_name,
        o.icon AS organization_icon, coalesce(u.username, '') AS created_by_name,
        (SELECT count(DISTINCT w.owner_id) FROM workspaces w WHERE w.template_id = t.id AND w.deleted = 0) AS users
     FROM templates t JOIN organizations o ON o.id = t.organization_id LEFT JOIN users u ON u.id = t.created_by";

fn read(row: &Row<'_>) -> Result<Template> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let unmeasured = ["start", "stop", "delete"].map(|transition| (transition.to_owned(), BuildTime::default()));
    Ok(Template {
        id: row.id("id")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        organization_id: row.id("organization_id")?,
        organization_name: row.text("organization_name")?,
        organization_display_name: row.text("organization_display_name")?,
        organization_icon: row.text("organization_icon")?,
        name: row.text("name")?,
        display_name: row.text("display_name")?,
        provisioner: row.text("provisioner")?,
        active_version_id: row.id("active_version_id")?,
        active_user_count: row.get("users")?,
        build_time_stats: BTreeMap::from(unmeasured),
        description: row.text("description")?,
        icon: row.text("icon")?,
        autostart_requirement: AutostartRequirement { days_of_week: days.map(str::to_owned).into() },
        autostop_requirement: proto::rest::template::AutostopRequirement { days_of_week: Vec::new(), weeks: 1 },
        created_by_id: row.id_opt("created_by")?.unwrap_or_default(),
        created_by_name: row.text("created_by_name")?,
        allow_user_autostart: true,
        allow_user_autostop: true,
        allow_user_cancel_workspace_jobs: true,
        max_port_share_level: "owner".into(),
        ..Template::default()
    })
}

/// Only built-in templates are there, known by their names.
fn is_external(row: &Row<'_>) -> Result<Option<bool>> {
    Ok(Some(row.get::<_, Option<String>>("template_name")?.as_deref() == Some(EXTERNAL)))
}

fn read_version(row: &Row<'_>) -> Result<(TemplateVersion, proto::id::JobId)> {
    let version = TemplateVersion {
        id: row.id("id")?,
        template_id: row.id_opt("template_id")?,
        organization_id: row.id("organization_id")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        name: row.text("name")?,
        message: row.text("message")?,
        readme: row.text("readme")?,
        created_by: MinimalUser {
            id: row.id_opt("created_by")?.unwrap_or_default(),
            username: row.get::<_, Option<String>>("username")?.unwrap_or_default(),
            avatar_url: String::new(),
        },
        archived: row.get("archived")?,
        has_external_agent: is_external(row)?,
        ..TemplateVersion::default()
    };
    Ok((version, row.id("job_id")?))
}
