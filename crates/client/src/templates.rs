//! Calls about organizations and templates, as far as creating a workspace needs them (spec `rest-api.md` 3).

use proto::id::TemplateVersionId;
use proto::rest::template::{RichParameter, Template};
use proto::rest::template_version::TemplateVersion;

use crate::{ClientError, Deployment};

impl Deployment {
    /// All templates we may see.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn templates(&self) -> Result<Vec<Template>, ClientError> {
        let templates: Option<Vec<Template>> = self.get(&["templates"], &[]).await?;
        Ok(templates.unwrap_or_default())
    }

    /// A version of a template.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn template_version(&self, version: TemplateVersionId) -> Result<TemplateVersion, ClientError> {
        self.get(&["templateversions", &version.to_string()], &[]).await
    }

    /// What a template version asks of whoever creates a workspace.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn rich_parameters(&self, version: TemplateVersionId) -> Result<Vec<RichParameter>, ClientError> {
        let version = version.to_string();
        let asked: Option<Vec<RichParameter>> =
            self.get(&["templateversions", &version, "rich-parameters"], &[]).await?;
        Ok(asked.unwrap_or_default())
    }
}
