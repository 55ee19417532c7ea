//! The file of the settings: read with defaults, written old or new and never half. Not what the settings mean.

use std::path::Path;

use client::sessions::file;

use crate::settings::Settings;

/// The settings, and what is wrong with the file when it cannot be used.
pub fn load(path: &Path) -> (Settings, Option<String>) {
    let text = match file::read_short(path) {
        Ok(Some(text)) => text,
        Ok(None) => return (Settings::default(), None),
        Err(error) => return (Settings::default(), Some(format!("{} cannot be read: {error}", path.display()))),
    };
    match serde_json::from_str(&text) {
        Ok(settings) => (settings, None),
        // Left as it is: the next change of a setting replaces it.
        Err(error) => (Settings::default(), Some(format!("{} is not understood: {error}", path.display()))),
    }
}

/// Writes the settings.
///
/// # Errors
/// A sentence for people.
pub fn save(path: &Path, settings: &Settings) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let text = serde_json::to_vec_pretty(settings).map_err(|error| error.to_string())?;
    let written = file::make_private_folder(folder).and_then(|()| file::write_private(path, &text));
    written.map_err(|error| format!("The settings cannot be kept in {}: {error}", path.display()))
}
